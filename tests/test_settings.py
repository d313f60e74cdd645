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


def test_empty_variable_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    before = ApiSettings()
    for name in ("GENART_HOME", "GENART_PORT", "GENART_LOG_LEVEL", "GENART_KINDS"):
        monkeypatch.setenv(name, "")

    assert ApiSettings() == before
    assert WorkerSettings().kinds == ()


def test_log_level_may_be_in_small_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENART_LOG_LEVEL", "debug")

    assert CoreSettings().log_level == "DEBUG"


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
