"""A database apart: a key that is made there closes no other test's gateway."""

from collections.abc import Iterator

import pytest
from redis import Redis

from genart_core.jobs.connection import connect


@pytest.fixture(scope="session")
def url(redis_url: str) -> str:
    return f"{redis_url}?db=1"


@pytest.fixture
def redis(redis: Redis, url: str) -> Iterator[Redis]:
    """A client of that database; all of the server's were emptied for this test."""
    with connect(url) as client:
        yield client
