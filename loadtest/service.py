"""A service of the load test's own: `genart up` on a free port of loopback, with its own keys."""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rig.processes import ROOT, Process, running, wait_for
from cli.host.embedded import socket_path
from genart_core.jobs import access
from genart_core.jobs.access import Key
from genart_core.jobs.connection import connect
from genart_core.jobs.store import run as send
from loadtest.api import Api

QUEUE_CAP = 100
KINDS = "busy,noop,text,vae-sample,gan-sample"

_READY = re.compile(r"ready: (http://\S+)")
_MARKS = {"redis": b"-server", "worker": b"worker.main", "gateway": b"cli.gateway"}


@dataclass(frozen=True)
class Running:
    """A service that serves; `keys` by their names."""

    url: str
    keys: Mapping[str, str]
    process: Process

    def resident_mb(self) -> dict[str, float]:
        """Return the resident memory of its parts, in 10^6 bytes."""
        found = dict.fromkeys(_MARKS, 0.0)
        for pid, command in _children(self.process.popen.pid).items():
            for part, mark in _MARKS.items():
                if mark in command:
                    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
                    found[part] += pages * 4096 / 1e6
        return found


@contextlib.contextmanager
def own_service(folder: Path, keys: Mapping[str, Key]) -> Iterator[Running]:
    """Start a service that these keys open, and wait until all of it serves."""
    home = folder / "home"
    settings = {
        "GENART_HOME": str(home),
        "GENART_PORT": "0",
        "GENART_WORKERS": "1",
        "GENART_DEVICE": "cpu",
        "GENART_ACCESS": "keys",
        "GENART_EXTRA_ARTS": "benchmarks.noop",
        "GENART_KINDS": KINDS,
        "GENART_QUEUE_CAP": str(QUEUE_CAP),
        "GENART_NATIVE": "false",  # nothing is to compile beside what is measured
        "GENART_LOG_LEVEL": "WARNING",
    }
    _make_first_key(settings)
    command, log = [sys.executable, "-m", "cli.main", "up"], folder / "service.log"
    with running("service", command, folder, settings=settings) as process:
        wait_for(lambda: bool(_READY.findall(log.read_text())), [process], pause=0.2)
        url = _READY.findall(log.read_text())[0]
        wait_for(lambda: Api(url).ask("GET", "/readyz").status == 200, [process])
        yield Running(url, _made(home, keys), process)


def _make_first_key(settings: Mapping[str, str]) -> None:
    """Make a key as the owner of a service does: without one, nothing is opened to callers."""
    subprocess.run(
        [sys.executable, "-m", "cli.main", "keys", "create"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **settings},
        capture_output=True,
        check=True,
    )


def _made(home: Path, keys: Mapping[str, Key]) -> dict[str, str]:
    made = {name: access.new_key() for name in keys}
    with connect(f"unix://{socket_path(home.resolve())}") as redis:
        for name, facts in keys.items():
            send(redis, access.create_key(access.digest_of(made[name].encode()), facts))
    return made


def _children(pid: int) -> dict[int, bytes]:
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError):
            # "pid (name) state parent …"; the name may hold anything
            parent = int((place / "stat").read_text().rpartition(") ")[2].split()[1])
            if parent == pid:
                found[int(place.name)] = (place / "cmdline").read_bytes()
    return found
