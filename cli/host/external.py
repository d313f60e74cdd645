"""A Redis that somebody else runs: whether it is there and new enough."""

import time
from urllib.parse import urlsplit

from redis.exceptions import AuthenticationError, RedisError

from cli.errors import CommandError, SettingsError
from genart_core.jobs.connection import connect

_PATIENCE_SECONDS = 10.0  # it may be starting beside us
_OLDEST_MAJOR = 7


def check(url: str, *, patience_seconds: float = _PATIENCE_SECONDS) -> None:
    """Wait for the Redis at a URL.

    Raises:
        CommandError: if it doesn't answer in time, refuses us, or is too old.
        SettingsError: if the URL can't be read.
    """
    try:
        redis = connect(url)
    except ValueError as error:
        raise SettingsError(f"REDIS_URL can't be read: {error}") from error
    deadline = time.monotonic() + patience_seconds
    with redis:
        while True:
            try:
                version = str(redis.info("server")["redis_version"])
                break
            except (RedisError, OSError) as error:
                if isinstance(error, AuthenticationError) or time.monotonic() > deadline:
                    raise CommandError(f"No use of REDIS_URL={shown(url)}: {error}") from error
            time.sleep(0.25)
    if int(version.split(".")[0]) < _OLDEST_MAJOR:
        raise CommandError(
            f"REDIS_URL={shown(url)} is Redis {version}, but >= {_OLDEST_MAJOR} is needed"
        )


def shown(url: str) -> str:
    """Return a URL without its password and options."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
