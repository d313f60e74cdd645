"""A service that runs, whole, for the tests of commands that call one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.calling import Run, caller
from tests.support.up import GenartUp


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GenartUp]:
    up = GenartUp(tmp_path_factory.mktemp("service"), kinds="steps,pictured,refused,modelled")
    try:
        up.wait_until_whole()
        yield up
    finally:
        up.stop()


@pytest.fixture
def run(
    service: GenartUp,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Runs the command in an empty folder, with the service's address in its settings."""
    monkeypatch.chdir(tmp_path)
    return caller(capsys, GENART_URL=service.url, GENART_EXTRA_ARTS="tests.support.arts")
