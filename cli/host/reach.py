"""The service's Redis, for commands that speak to it: whether the service runs or not."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from cli.errors import CommandError, HomeInUseError
from cli.host.embedded import EmbeddedRedis, embed, socket_path
from cli.host.external import check
from cli.host.lock import hold
from genart_core.jobs.connection import connect
from genart_core.settings import CoreSettings

_PATIENCE_SECONDS = 10.0
_PAUSE_SECONDS = 0.05


@contextmanager
def reach(settings: CoreSettings) -> Iterator[Redis]:
    """Yield the Redis at REDIS_URL, else that of the home folder.

    The home's own is the one that `genart up` runs on it; while none runs, it is started for as
    long as it is needed.

    Raises:
        CommandError: if it can't be reached.
    """
    if settings.redis_url:
        check(settings.redis_url)
        with connect(settings.redis_url) as redis:
            yield redis
        return
    home = settings.home.resolve()
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while True:
        if _serves(home):
            with connect(f"unix://{socket_path(home)}") as redis:
                yield redis
            return
        try:
            with hold(home), awake(embed(home)) as redis:
                yield redis
            return
        except HomeInUseError as error:  # it is starting or stopping
            if time.monotonic() > give_up:
                trouble = f"{error.holder} has GENART_HOME={home}, but its Redis does not answer"
                raise CommandError(trouble) from error
        time.sleep(_PAUSE_SECONDS)


@contextmanager
def awake(embedded: EmbeddedRedis) -> Iterator[Redis]:
    """Run a home's own server; the caller holds the home's lock."""
    embedded.stop_leftover()
    environment = {**os.environ, "LC_ALL": "C"}  # it ends at once in a locale it can't find
    command = embedded.command
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as server:  # noqa: S603
        try:
            with connect(embedded.url) as redis:
                _wait_for(redis, server)
                yield redis
        finally:
            server.terminate()  # it writes what it has to the disk first
            with suppress(subprocess.TimeoutExpired):
                server.wait(_PATIENCE_SECONDS)
            server.kill()


def _wait_for(redis: Redis, server: "subprocess.Popen[bytes]") -> None:
    give_up = time.monotonic() + _PATIENCE_SECONDS
    while not _answers(redis):
        if server.poll() is not None or time.monotonic() > give_up:
            raise CommandError("The embedded Redis does not start; `genart up` says why")
        time.sleep(_PAUSE_SECONDS)


def _serves(home: Path) -> bool:
    with connect(f"unix://{socket_path(home)}") as redis:
        return _answers(redis)


def _answers(redis: Redis) -> bool:
    try:
        return bool(redis.ping())
    except (RedisError, OSError):
        return False
