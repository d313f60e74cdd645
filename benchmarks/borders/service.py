"""The service under attack: `genart up` with its own Valkey and worker, and what becomes of it."""

import contextlib
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.rig.processes import Process, running, wait_for
from cli.host.embedded import socket_path
from genart_core.jobs import upkeep
from genart_core.jobs.connection import connect
from genart_core.jobs.store import run as send

ROLES = {"redis": "-server", "gateway": "cli.gateway", "worker": "worker.main"}
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_FAULT = "Traceback (most recent call last)"
_SETTINGS = {
    "GENART_HOST": "127.0.0.1",
    "GENART_PORT": "0",
    "GENART_WORKERS": "1",
    "GENART_DEVICE": "cpu",
    "GENART_NATIVE": "false",  # a compiler's run is none of the worker's memory
    "GENART_ACCESS": "open",
}


class Life(NamedTuple):
    """Which processes live, and which life of its slot the worker is in."""

    pids: dict[str, int]
    epochs: tuple[int, ...]


@dataclass(frozen=True)
class Service:
    """A service that serves."""

    process: Process
    home: Path
    log: Path

    @property
    def port(self) -> int:
        """Where the gateway listens."""
        found = re.search(r"ready: http://127\.0\.0\.1:(\d+)", self.log.read_text())
        return int(found[1]) if found else 0

    def life(self) -> Life:
        """Return who lives now."""
        found: dict[str, int] = {}
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, IndexError):
                # "pid (name) state parent …"; the name may hold anything
                parent = int((place / "stat").read_text().rpartition(") ")[2].split()[1])
                command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                if parent == self.process.popen.pid:
                    found |= {r: int(place.name) for r, mark in ROLES.items() if mark in command}
        return Life(found, tuple(worker.get("epoch", 0) for worker in self._workers()))

    def resident(self) -> dict[str, int]:
        """Return the resident memory of each process in bytes."""
        return {
            role: int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
            for role, pid in self.life().pids.items()
        }

    def faults(self) -> Counter[str]:
        """Return what the tracebacks in the log end with, and how often each does."""
        found: Counter[str] = Counter()
        lines = iter(self.log.read_text().splitlines())
        for line in lines:
            if _FAULT in line:
                role, _, _ = line.partition("|")
                ours = (each for each in lines if each.startswith(role))
                ends = (each for each in ours if not each.partition("| ")[2].startswith("  "))
                found[next(ends, line)] += 1
        return found

    def is_whole(self) -> bool:
        """Whether everything serves."""
        return bool(self.port) and len(self.life().pids) == len(ROLES) and bool(self._workers())

    def _workers(self) -> list[dict[str, int]]:
        with connect(f"unix://{socket_path(self.home)}") as redis:
            return sorted(send(redis, upkeep.survey(())).workers, key=lambda facts: facts["pid"])


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Service]:
    """Run a service whose home is a folder."""
    home = folder / "home"
    home.mkdir()
    command = [sys.executable, "-m", "cli.main", "up"]
    settings = {**_SETTINGS, "GENART_HOME": str(home)}
    with running("service", command, folder, settings=settings) as process:
        service = Service(process, home, folder / "service.log")
        wait_for(lambda: _serves(service), [process], pause=0.1)
        yield service


def _serves(service: Service) -> bool:
    return bool(service.port) and service.is_whole()
