"""Riding out a Redis that is away for a while."""

import logging
import time
from typing import TypeVar

from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from genart_core.jobs.store import Call, run

T = TypeVar("T")
log = logging.getLogger(__name__)

_GONE = (RedisConnectionError, RedisTimeoutError)
AWAY = (*_GONE, ResponseError)
"""What a Redis raises that is restarting, unreachable, full or can't write to its disk."""

_PAUSES = (0.05, 0.1, 0.2, 0.5, 1.0)  # seconds; the last one repeats


def run_patiently(redis: Redis, call: Call[T], *, seconds: float) -> T:
    """Make a transition, trying again for up to `seconds` while Redis is away.

    Every transition that is sent this way may be sent twice: its script answers the same.

    Raises:
        redis.RedisError: if Redis did not come back in time, or refused for another reason.
    """
    give_up = time.monotonic() + seconds
    attempt = 0
    while True:
        try:
            return run(redis, call)
        except AWAY as error:
            if not _is_passing(error) or time.monotonic() >= give_up:
                raise
            log.warning("Redis is away (%s), trying %s again", error, call.script)
        time.sleep(_PAUSES[min(attempt, len(_PAUSES) - 1)])
        attempt += 1


def _is_passing(error: Exception) -> bool:
    # a full disk or a failing AOF write answers MISCONF until it is mended
    passing = (*_GONE, OutOfMemoryError)
    return isinstance(error, passing) or str(error).startswith(("MISCONF", "LOADING", "BUSY"))
