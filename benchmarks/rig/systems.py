"""The three services side by side: ours, the framework alone, and plain Celery."""

import contextlib
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis import Redis

from benchmarks.rig.processes import Process, gateway, redis_server, running, wait_for
from genart_core.jobs import upkeep
from genart_core.jobs.connection import connect
from genart_core.jobs.store import run as send

OUTPUT_BYTES = 1000  # what `http.BODY` asks for


@dataclass
class System:
    """A service under measurement, and the account of what it was asked to do.

    `outputs` is where each attempt at a job leaves one file of its own; `count_done` asks the
    service how many jobs it has finished.
    """

    name: str
    port: int
    parts: dict[str, Process]
    worker: list[str]
    settings: dict[str, str]
    folder: Path
    outputs: Path
    count_done: Callable[[], int]
    expect: dict[str, Any] = field(default_factory=dict)
    accepted: int = 0
    problems: list[str] = field(default_factory=list)

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """Start the worker, and go on once all that was accepted so far is done."""
        with running("worker", self.worker, self.folder, settings=self.settings) as process:
            self.parts["worker"] = process
            self.catch_up()
            yield

    def catch_up(self) -> None:
        """Return once every accepted job is done."""
        wait_for(lambda: self.count_done() >= self.accepted, list(self.parts.values()), pause=0.25)

    @property
    def gateway(self) -> Process:
        """The process that speaks HTTP."""
        return self.parts["gateway"]

    def account(self) -> "Account":
        """Hold what was accepted against what was done."""
        files = [path for path in self.outputs.rglob("*") if path.is_file()]
        return Account(
            name=self.name,
            accepted=self.accepted,
            done=self.count_done(),
            files=len(files),
            sizes=frozenset(path.stat().st_size for path in files),
            problems=tuple(self.problems),
        )


@dataclass(frozen=True)
class Account:
    """What became of the jobs of one service."""

    name: str
    accepted: int
    done: int
    files: int
    sizes: frozenset[int]
    problems: tuple[str, ...]

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.name}: {self.accepted} accepted, {self.done} done, {self.files} outputs"

    @property
    def faults(self) -> list[str]:
        """In what this differs from every accepted job having been done exactly once."""
        found = [f"{self.name}: {problem}" for problem in self.problems]
        if not self.accepted == self.done == self.files:
            found.append(f"not every job was done exactly once: {self}")
        if self.sizes != {OUTPUT_BYTES}:
            found.append(f"{self.name}: outputs of {sorted(self.sizes)} bytes")
        return found


@contextlib.contextmanager
def ours(folder: Path) -> Iterator[System]:
    """Our gateway over its own Redis; idempotency, quota and events are on."""
    with ExitStack() as stack:
        redis, url = stack.enter_context(redis_server("redis", folder))
        settings = {
            "REDIS_URL": url,
            "GENART_HOME": str(folder),
            "GENART_EXTRA_ARTS": "benchmarks.noop",
            "GENART_KINDS": "noop",
            "GENART_DEVICE": "cpu",
            "GENART_LOG_LEVEL": "WARNING",
            # all load comes from one address, and posts are measured with nobody at work
            "GENART_ACTIVE_JOBS_PER_CLIENT": "1000000",
            "GENART_QUEUE_CAP": "1000000",
        }
        front, port = stack.enter_context(
            gateway("gateway", "api.main:create_app", folder, settings=settings)
        )
        client = stack.enter_context(_client(url))
        yield System(
            name="ours",
            port=port,
            parts={"gateway": front, "redis": redis},
            worker=[sys.executable, "-m", "worker.main"],
            settings=settings,
            folder=folder,
            outputs=folder / "blobs",
            count_done=lambda: _outcomes(client).get(("noop", "succeeded"), 0),
            expect={"cached": False},
        )


@contextlib.contextmanager
def plain_celery(folder: Path) -> Iterator[System]:
    """FastAPI, Celery and a result backend over their own Redis."""
    outputs = folder / "outputs"
    outputs.mkdir()
    with ExitStack() as stack:
        redis, url = stack.enter_context(redis_server("redis", folder))
        settings = {"REDIS_URL": url, "PLAIN_OUTPUTS": str(outputs)}
        front, port = stack.enter_context(
            gateway("gateway", "benchmarks.rig.plain_celery:create_app", folder, settings=settings)
        )
        client = stack.enter_context(_client(url))
        yield System(
            name="plain Celery",
            port=port,
            parts={"gateway": front, "redis": redis},
            worker=[sys.executable, "-m", "benchmarks.rig.plain_celery"],
            settings=settings,
            folder=folder,
            outputs=outputs,
            count_done=lambda: sum(1 for _ in client.scan_iter("celery-task-meta-*", count=5000)),
        )


@contextlib.contextmanager
def framework_only(folder: Path) -> Iterator[System]:
    """A gateway that answers 202 and does nothing; it has no worker."""
    factory = "benchmarks.rig.framework_only:create_app"
    with gateway("gateway", factory, folder) as (front, port):
        yield System(
            name="framework alone",
            port=port,
            parts={"gateway": front},
            worker=[],
            settings={},
            folder=folder,
            outputs=folder / "none",
            count_done=lambda: 0,
        )


@contextlib.contextmanager
def _client(url: str) -> Iterator[Redis]:
    client = connect(url)
    try:
        yield client
    finally:
        client.close()


def _outcomes(client: Redis) -> dict[tuple[str, str], int]:
    return send(client, upkeep.survey(["noop"])).outcomes
