"""The whole service, as a user starts it: `genart up` with embedded Redis on a free port."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.cli.processes import children_of, is_alive
from tests.support.waiting import wait_for
from tests.support.workers import environment_for

START_SECONDS = 60.0
STOP_SECONDS = 60.0


class Reply(NamedTuple):
    """An HTTP status and its JSON."""

    status: int
    body: Any


class Up:
    """A `genart up` that is ready. `lines` is what it has said on standard output."""

    def __init__(self, home: Path, **settings: object) -> None:
        self.home = home
        self.log = home / "up.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                genart("up"),
                env=environment(home, **settings),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        assert self.process.stdout is not None
        self.lines = [self.process.stdout.readline(), self.process.stdout.readline()]
        assert self.lines[0], f"not ready:\n{self.log.read_text()}"
        self.url = self.lines[0].split()[1]

    @property
    def pid(self) -> int:
        """The supervisor's process id."""
        return self.process.pid

    def child(self, program: str) -> int:
        """Return the process id of the running child whose command line has this word."""

        def look() -> int:
            return next((pid for pid in children_of(self.pid) if program in command_of(pid)), 0)

        return wait_for(look, START_SECONDS, f"{program} runs")

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Reply:
        """Make a request."""
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(
                method, path, content, {"Content-Type": "application/json", **headers}
            )
            answer = connection.getresponse()
            return Reply(answer.status, json.loads(answer.read()))
        finally:
            connection.close()

    def submit(self, **fields: object) -> str:
        """Submit a `steps` job and return its path."""
        anew = {"Cache-Control": "no-cache"}
        reply = self.call("POST", "/v1/steps", {"seed": 1, **fields}, **anew)
        assert reply.status == 202, reply
        return f"/v1/jobs/{reply.body['id']}"

    def wait_for_job(self, path: str, *statuses: str, seconds: float = 30) -> dict[str, Any]:
        """Return a job as soon as its status is one of these."""

        def look() -> dict[str, Any] | None:
            job: dict[str, Any] = self.call("GET", path).body
            return job if job["status"] in statuses else None

        found = wait_for(look, seconds, f"{path} is {' or '.join(statuses)}")
        assert found is not None
        return found

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Stop it. None of its processes is left."""
        family = {self.pid, *children_of(self.pid)}
        self.process.send_signal(number)
        self.process.wait(STOP_SECONDS)
        wait_for(lambda: not any(map(is_alive, family)), STOP_SECONDS, "all processes are gone")


@contextmanager
def running(home: Path, **settings: object) -> Iterator[Up]:
    """Run the service; stops it if it still runs."""
    up = Up(home, **settings)
    try:
        yield up
    finally:
        if up.process.poll() is None:
            up.stop()
        if up.process.stdout is not None:
            up.process.stdout.close()


def genart(*words: str) -> list[str]:
    """Return the command line of the `genart` command."""
    return [sys.executable, "-m", "cli.main", *words]


def environment(home: Path, **settings: object) -> dict[str, str]:
    """Return an environment for the service with embedded Redis and one quick kind."""
    chosen = {"port": 0, "kinds": "steps", **settings}
    return environment_for(home, "", **chosen)


def command_of(pid: int) -> str:
    """Return a process' command line."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""
