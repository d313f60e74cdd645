"""Parts of the worker in this process, and whole worker processes."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from redis import Redis

from genart_core.catalogue import kinds
from genart_core.jobs.blobs import BlobStore
from genart_core.jobs.owner import Claimant
from tests.support.table import Table
from tests.support.valkey import Valkey
from tests.support.workers import WorkerProcess
from worker.engine import Engine
from worker.lease import LeaseKeeper
from worker.settings import WorkerSettings

MakeEngine: TypeAlias = Callable[..., Engine]


@pytest.fixture
def extra_arts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make this process know the kinds of `tests.support.arts`."""
    monkeypatch.setenv("GENART_EXTRA_ARTS", "tests.support.arts")
    kinds.cache_clear()
    yield
    kinds.cache_clear()


@pytest.fixture
def blobs(home: Path) -> BlobStore:
    return BlobStore(f"file://{home}/blobs")


@pytest.fixture
def make_engine(
    redis: Redis, home: Path, blobs: BlobStore, extra_arts: None
) -> Iterator[MakeEngine]:
    """Return an engine that serves the kinds of `tests.support.arts` when told to `look`."""
    engines: list[Engine] = []

    def make(slot: str = "s1", epoch: int = 1, **settings: object) -> Engine:
        chosen = {
            "kinds": "steps,batched,broken,refused,forgetful,unwritable,modelled,pictured"
        } | settings
        engine = Engine(
            redis,
            blobs,
            Claimant(f"{slot}.{epoch}", slot, epoch),
            WorkerSettings.model_validate({"home": home, **chosen}),
            device="cpu",
            use_threads=lambda count: None,
        )
        engines.append(engine)
        return engine

    yield make
    for engine in engines:
        let_go(engine.keeper)
        engine.heartbeat.rest()  # else its watchdog ends this process in two minutes


def let_go(keeper: LeaseKeeper) -> None:
    """Leave a side thread, which lives as long as the process, without a lease to keep."""
    for job in keeper.jobs:
        keeper.release(job)


@dataclass(frozen=True)
class Service:
    """A job table of its own with one worker process on it."""

    valkey: Valkey
    worker: WorkerProcess
    home: Path
    table: Table

    @property
    def blobs(self) -> BlobStore:
        return BlobStore(f"file://{self.home}/blobs")


@pytest.fixture(scope="session")
def start_service() -> Iterator[Callable[..., Service]]:
    """Start services; all that are still there at the end are stopped."""
    services: list[Service] = []
    with tempfile.TemporaryDirectory(prefix="genart-") as folder:

        def start(**settings: Any) -> Service:
            place = Path(folder) / str(len(services))
            place.mkdir()
            valkey = Valkey(place)
            valkey.start()
            worker = WorkerProcess(place / "home", valkey.url, **settings)
            services.append(Service(valkey, worker, place / "home", Table(valkey.client())))
            worker.wait_until_ready()
            return services[-1]

        yield start
        for service in services:
            service.worker.kill()
            service.valkey.stop()
            service.table.redis.close()


@pytest.fixture(scope="session")
def service(start_service: Callable[..., Service]) -> Service:
    """A service that tests share, as long as they leave its worker alive."""
    return start_service()
