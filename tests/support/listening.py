"""Hearing what is published."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from redis import Redis


@contextmanager
def listening(redis: Redis, channel: str) -> Iterator[Any]:
    """Subscribe; `get_message(timeout=…)` of what is yielded returns what is said from now on."""
    pubsub = cast(Any, redis).pubsub()  # untyped in redis-py
    with pubsub:
        pubsub.subscribe(channel)
        assert pubsub.get_message(timeout=2) is not None, "the subscription is confirmed"
        yield pubsub
