"""The whole service as a user starts it: `genart up`, with its children's process ids."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Literal

from redis import Redis
from redis.exceptions import RedisError

from cli.host.embedded import socket_path
from genart_core.jobs import upkeep
from genart_core.jobs.connection import connect
from genart_core.jobs.store import run
from tests.support.valkey import wait_until_written
from tests.support.waiting import wait_for
from tests.support.workers import ROOT, START_SECONDS, environment_for

Role = Literal["redis", "worker", "gateway"]

_MARKS: dict[Role, str] = {
    "redis": "-server",  # it writes its own title: `valkey-server unixsocket:…`
    "worker": "worker.main",
    "gateway": "cli.gateway",
}


class GenartUp:
    """`genart up` on a free port, with the kinds of `tests.support.arts`."""

    def __init__(self, home: Path, *, workers: int = 1, **settings: object) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.redis_url = f"unix://{socket_path(home)}"
        self.log_path = home / "log"
        environment = environment_for(home, "", workers=workers, port=0, **settings)
        del environment["REDIS_URL"]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "up"],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )
        self._workers = workers
        self._ever: set[int] = set()

    def wait_until_whole(self) -> None:
        """Return when every child serves."""
        wait_for(self._is_whole, START_SECONDS, "all serve")
        self._ever |= {self.process.pid, *self._children()}

    @property
    def url(self) -> str:
        """The gateway's address."""
        words = self.log_path.read_text().split()
        return words[words.index("ready:") + 1]

    def client(self) -> Redis:
        return connect(self.redis_url)

    def pids(self, role: Role) -> list[int]:
        """Return the living processes of a role."""
        return [pid for pid, command in self._children().items() if _MARKS[role] in command]

    def kill(self, role: Role) -> int:
        """End one process as a crash would, and return its former id."""
        if role == "redis":
            with self.client() as redis:
                wait_until_written(redis)
        pid = self.pids(role)[-1]
        self._ever.add(pid)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        return pid

    def orphans(self) -> set[int]:
        """Return those of all processes ever seen here that are still alive."""
        return {pid for pid in self._ever if is_alive(pid)}

    def stop(self) -> None:
        """End it in order, and whatever it may have left behind."""
        self._ever |= set(self._children())
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for pid in self.orphans():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _is_whole(self) -> bool:
        assert self.process.poll() is None, self.log_path.read_text()
        if "ready:" not in self.log_path.read_text():
            return False
        if not (self.pids("redis") and self.pids("gateway")):
            return False
        try:
            with self.client() as redis:
                announced = {facts["pid"] for facts in run(redis, upkeep.survey(())).workers}
        except RedisError:
            return False
        alive = announced & set(self.pids("worker"))
        return len(alive) == self._workers

    def _children(self) -> dict[int, str]:
        """Return the command lines of the supervisor's children by process id."""
        found = {}
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError, IndexError):
                # "pid (name) state parent …"; the name may hold anything
                parent = int((place / "stat").read_text().rpartition(") ")[2].split()[1])
                if parent == self.process.pid:
                    command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found[int(place.name)] = command
        return found


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended but was not waited for doesn't."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except OSError:
        return False
    return state != "Z"
