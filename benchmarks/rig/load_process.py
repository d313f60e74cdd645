"""Our end of the load's process."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import orjson

from benchmarks.rig.load import STUCK_SECONDS, Order, Outcome, Way
from benchmarks.rig.processes import Process, running
from benchmarks.rig.systems import System


class Load:
    """Puts the load on one system at a time, and enters it in the system's account."""

    def __init__(self, process: Process) -> None:
        self._process = process

    def put(
        self, system: System, way: Way, *, concurrency: int, count: int, seconds: float
    ) -> Outcome:
        """Have jobs made; see `Order`."""
        status = "queued" if way == "post" else "succeeded"
        order = Order(
            port=system.port,
            way=way,
            concurrency=concurrency,
            count=count,
            seconds=seconds,
            expect={"status": status, **system.expect},
        )
        self._process.write_line(orjson.dumps(asdict(order)))
        outcome = Outcome(
            **orjson.loads(self._process.read_line(order.seconds + STUCK_SECONDS + 30))
        )
        system.accepted += outcome.jobs
        system.problems += outcome.problems
        return outcome


@contextlib.contextmanager
def load_process(folder: Path) -> Iterator[Load]:
    """Start the load's process."""
    command = [sys.executable, "-m", "benchmarks.rig.load"]
    with running("load", command, folder, stdout=subprocess.PIPE) as process:
        yield Load(process)
