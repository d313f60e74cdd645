"""The services that are struck, and the table of what came of it."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.chaos.ledger import Row, written
from tests.support.up import GenartUp
from tests.support.valkey import Valkey
from tests.support.workers import WorkerProcess

StartUp: TypeAlias = Callable[..., GenartUp]

_ROWS = pytest.StashKey[list[Row]]()


@dataclass(frozen=True)
class Scale:
    """How much of each case is run."""

    rounds: int
    slow_rounds: int
    jobs: int
    blows: int


SHORT = Scale(rounds=1, slow_rounds=1, jobs=40, blows=3)
LONG = Scale(rounds=8, slow_rounds=4, jobs=200, blows=16)


@pytest.fixture(
    params=[SHORT, pytest.param(LONG, marks=[pytest.mark.chaos, pytest.mark.timeout(600)])],
    ids=["short", "long"],
)
def scale(request: pytest.FixtureRequest) -> Scale:
    scale: Scale = request.param
    return scale


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A place with a short path, for sockets."""
    with tempfile.TemporaryDirectory(prefix="genart-") as name:
        yield Path(name)


@pytest.fixture(scope="session")
def start_up(folder: Path) -> Iterator[StartUp]:
    """Start services; all of them are stopped at the end."""
    started: list[GenartUp] = []

    def start(home: str, *, workers: int = 1) -> GenartUp:
        started.append(GenartUp(folder / home, workers=workers))
        started[-1].wait_until_whole()
        return started[-1]

    yield start
    for service in started:
        service.stop()


@pytest.fixture(scope="session")
def shared_up(start_up: StartUp) -> GenartUp:
    return start_up("shared")


@pytest.fixture
def up(shared_up: GenartUp) -> GenartUp:
    """A service with one worker, whole again."""
    shared_up.wait_until_whole()
    return shared_up


@dataclass
class Pair:
    """Two workers without a supervisor on one Redis: what hosts are to each other."""

    valkey: Valkey
    home: Path
    workers: list[WorkerProcess]

    def make_whole(self) -> None:
        """Start anew whichever is gone."""
        gone = [worker for worker in self.workers if worker.process.poll() is not None]
        for worker in gone:
            worker.kill()
            self.workers.remove(worker)
        while len(self.workers) < 2:
            self.workers.append(WorkerProcess(self.home, self.valkey.url, log_level="INFO"))
        for worker in self.workers:
            worker.wait_until_ready()

    @property
    def log(self) -> str:
        """What both have said, also in earlier lives."""
        return self.workers[0].log_path.read_text()

    def with_pid(self, pid: int) -> WorkerProcess:
        return next(worker for worker in self.workers if worker.pid == pid)


@pytest.fixture(scope="session")
def pair(folder: Path) -> Iterator[Pair]:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        valkey = Valkey(Path(place))
        valkey.start()
        pair = Pair(valkey, Path(place) / "home", [])
        try:
            yield pair
        finally:
            for worker in pair.workers:
                worker.kill()
            valkey.stop()


@pytest.fixture
def record(request: pytest.FixtureRequest) -> Callable[[Row], Row]:
    """Enter a row in the table that is printed at the end."""

    def enter(row: Row) -> Row:
        request.config.stash.setdefault(_ROWS, []).append(row)
        return row

    return enter


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if rows := terminalreporter.config.stash.get(_ROWS, []):
        terminalreporter.section("chaos")
        for line in written(rows):
            terminalreporter.write_line(line)
