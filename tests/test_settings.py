"""Settings that several processes share."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from api.settings import ApiSettings
from genart_core.settings import CoreSettings
from worker.settings import WorkerSettings


def test_home_may_begin_with_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENART_HOME", "~/art")

    assert CoreSettings().home == Path.home() / "art"


@pytest.mark.parametrize("settings", [CoreSettings, ApiSettings, WorkerSettings])
def test_lists_are_separated_by_commas(
    settings: type[CoreSettings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GENART_EXTRA_ARTS", "one.art, another")

    assert settings().extra_arts == ("one.art", "another")


def test_unknown_kind_is_refused_with_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENART_KINDS", "text,poem")

    with pytest.raises(ValidationError, match="Unknown kind 'poem'; known kinds: .*text"):
        WorkerSettings()
