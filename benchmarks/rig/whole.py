"""Our whole service with the kinds it has: Redis, a gateway, workers, in a folder of their own."""

import contextlib
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from redis import Redis

from benchmarks.rig.processes import Process, gateway, redis_server, running, wait_for
from genart_core.jobs import upkeep
from genart_core.jobs.connection import connect
from genart_core.jobs.store import run as send

EXTRA = "benchmarks.noop"


@dataclass
class Whole:
    """A running service; its gateway and workers can be ended and begun again."""

    folder: Path
    settings: dict[str, str]
    redis: Process
    table: Redis
    gateway: Process
    port: int

    @contextlib.contextmanager
    def another_gateway(self) -> Iterator[tuple[Process, int]]:
        """Run a further gateway on the same Redis; yields its port too."""
        with gateway("gateway2", "gateway", self.folder, settings=self.settings) as it:
            yield it

    @contextlib.contextmanager
    def working(self, workers: int, kinds: str = "") -> Iterator[list[Process]]:
        """Run workers, and go on once all have announced themselves."""
        command = [sys.executable, "-m", "worker.main"]
        settings = self.settings | ({"GENART_KINDS": kinds} if kinds else {})
        with ExitStack() as stack:
            found = [
                stack.enter_context(running(f"worker{n}", command, self.folder, settings=settings))
                for n in range(workers)
            ]
            wait_for(lambda: self._alive() == workers, found, pause=0.2)
            yield found

    def _alive(self) -> int:
        return len(send(self.table, upkeep.survey(())).workers)


@contextlib.contextmanager
def whole(folder: Path, **settings: str) -> Iterator[Whole]:
    """Run all but the workers. Every caller's address is a client of its own."""
    with ExitStack() as stack:
        redis, url = stack.enter_context(redis_server("redis", folder))
        chosen = {
            "REDIS_URL": url,
            "GENART_HOME": str(folder),
            "GENART_EXTRA_ARTS": EXTRA,
            "GENART_DEVICE": "cpu",
            "GENART_LOG_LEVEL": "WARNING",
        }
        chosen |= {f"GENART_{name.upper()}": value for name, value in settings.items()}
        front, port = stack.enter_context(gateway("gateway", "gateway", folder, settings=chosen))
        table = connect(url)
        stack.callback(table.close)
        yield Whole(folder, chosen, redis, table, front, port)
