"""A real server of our own, with the settings of the embedded one."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from cli.host.embedded import find_server
from genart_core.jobs.connection import connect
from tests.support.waiting import wait_for

_START_SECONDS = 10.0


class Valkey:
    """Listens on a socket in `folder`, which must have a short path, and keeps its AOF there.

    With `addresses`, also on a port of these, where nobody else can be: no password is asked for.
    """

    def __init__(self, folder: Path, *, addresses: Sequence[str] = (), port: int = 0) -> None:
        self.folder = folder
        self._network: tuple[str, ...] = ("--port", str(port))
        if addresses:
            self._network += ("--bind", *addresses, "--protected-mode", "no")
        self.url = f"unix://{folder}/redis.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, on whatever an earlier life has left, and wait until it answers."""
        self._process = subprocess.Popen(
            [
                *(str(find_server()), *self._network),
                *("--unixsocket", f"{self.folder}/redis.sock"),
                *("--dir", self.folder, "--save", "", "--appendonly", "yes"),
                *("--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0"),
                *("--maxmemory-policy", "noeviction", "--loglevel", "warning"),
            ],
            stdout=subprocess.DEVNULL,
        )
        with self.client() as redis:
            wait_for(lambda: _answers(redis), _START_SECONDS, "Valkey answers")

    def client(self) -> Redis:
        """Return a blocking client."""
        return connect(self.url)

    def kill(self) -> None:
        """End it as a crash would, at a moment when its writes have reached the kernel."""
        if self._process is not None:
            with self.client() as redis:
                wait_until_written(redis)
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """End it in order, if it still runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
        self.kill()


def wait_until_written(redis: Redis) -> None:
    """Return when nothing that a server has answered is left in its memory alone.

    With `everysec` it holds its writes back while a sync of the disk is under way, for 2 s at most,
    and a crash just then loses them; the docs say so.
    """
    with suppress(RedisConnectionError):
        wait_for(lambda: redis.info("persistence")["aof_buffer_length"] == 0, 30, "writes are out")


@contextmanager
def full(redis: Redis) -> Iterator[None]:
    """Let a server have no memory left."""
    redis.config_set("maxmemory", 1)
    try:
        yield
    finally:
        redis.config_set("maxmemory", 0)


def _answers(redis: Redis) -> bool:
    try:
        return bool(redis.ping())
    except RedisConnectionError:
        return False
