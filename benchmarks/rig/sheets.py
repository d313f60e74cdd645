"""Sheets of pictures as jobs of a service, beside one process that makes the same and no more.

Jobs wait together, so that they share forward passes; what the service adds is a request and a
record for each, the files, and the way between the processes. On a machine that does other work
too, processor time is what to look at: it depends less on how the processes are served by turns.
"""

import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.rig.client import Service
from benchmarks.rig.figures import Costs, Figure
from benchmarks.rig.processes import Process, gateway, redis_server, running

JOBS, PICTURES = 64, 64
SERVED = 0.6  # the bar: the least share of one process' rate


def through_service(
    url: str,
    kind: str,
    model: str,
    alone: Callable[[int], object],
    *,
    rounds: int,
    threads: int,
) -> tuple[list[Figure], str]:
    """Return the service's pictures per second beside those of `alone`, and CPU time as a table.

    `url` is that of a running service, or `own` to have one started. `alone` makes the sheet of a
    seed. CPU times are only known of a service of our own; else there is no figure of them, and the
    table is empty.
    """
    name = f"{kind}: pictures/s, {JOBS} jobs of {PICTURES}, a sheet each"
    figure = Figure(name, "/s", "one process", bar=SERVED, at_least=True)
    spent = Figure(f"{kind}: CPU time of such a sheet", "ms", "one process")
    costs = Costs()
    body = {"model": model, "count": PICTURES, "layout": "sheet", "scale": 1}
    with _served(url, kind, threads) as system:
        service = Service(system.url)
        alone(0)  # warm up
        service.wait(service.post(kind, {**body, "seed": 0}))
        for turn in range(rounds):
            seeds = range(JOBS * turn, JOBS * (turn + 1))
            begin, began = time.perf_counter(), time.process_time()
            for seed in seeds:
                alone(seed)
            middle, used = time.perf_counter(), time.process_time() - began
            before = system.cpu_seconds
            with costs.noted(kind, system.parts) as note:
                for address in [service.post(kind, {**body, "seed": seed}) for seed in seeds]:
                    service.wait(address)
                note(JOBS)
            end = time.perf_counter()
            done = JOBS * PICTURES
            figure.add(done / (end - middle), done / (middle - begin))
            spent.add(1e3 * (system.cpu_seconds - before) / JOBS, 1e3 * used / JOBS)
    return ([figure, spent], costs.table()) if system.parts else ([figure], "")


class _System(NamedTuple):
    """A service under measurement; its processes are known where it is our own."""

    url: str
    parts: dict[str, Process]

    @property
    def cpu_seconds(self) -> float:
        return sum(process.cpu_seconds for process in self.parts.values())


@contextlib.contextmanager
def _served(url: str, kind: str, threads: int) -> Iterator[_System]:
    if url != "own":
        yield _System(url, {})
        return
    with contextlib.ExitStack() as stack:
        # short, since the path of a unix socket has 100 bytes at most
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir="/tmp")))
        redis, redis_url = stack.enter_context(redis_server("redis", folder))
        settings = {
            "REDIS_URL": redis_url,
            "GENART_HOME": str(folder),
            "GENART_KINDS": kind,
            "GENART_DEVICE": "cpu",
            "GENART_LOG_LEVEL": "WARNING",
            "OMP_NUM_THREADS": str(threads),
        }
        front, port = stack.enter_context(
            gateway("gateway", "api.main:create_app", folder, settings=settings)
        )
        worker = stack.enter_context(
            running("worker", [sys.executable, "-m", "worker.main"], folder, settings=settings)
        )
        parts = {"gateway": front, "redis": redis, "worker": worker}
        yield _System(f"http://127.0.0.1:{port}", parts)
