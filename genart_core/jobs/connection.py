"""Connections to Redis, blocking for the worker and asyncio for the gateway."""

from redis import Redis
from redis.asyncio import BlockingConnectionPool as AsyncBlockingConnectionPool
from redis.asyncio import Redis as AsyncRedis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

_TIMEOUT_SECONDS = 5


def connect(url: str, *, retries: int = 0) -> Redis:
    """Return a blocking client; each command is tried again `retries` times when Redis is away."""
    return Redis.from_url(
        url,
        socket_timeout=_TIMEOUT_SECONDS,
        socket_connect_timeout=_TIMEOUT_SECONDS,
        retry=Retry(ExponentialBackoff(cap=1.0, base=0.05), retries),
    )


def aconnect(url: str, *, connections: int = 32) -> AsyncRedis:
    """Return an asyncio client; callers beyond `connections` wait for a free one."""
    pool = AsyncBlockingConnectionPool.from_url(
        url,
        max_connections=connections,
        timeout=_TIMEOUT_SECONDS,
        socket_timeout=_TIMEOUT_SECONDS,
        socket_connect_timeout=_TIMEOUT_SECONDS,
        retry=Retry(ExponentialBackoff(cap=0.2, base=0.02), 1),
    )
    return AsyncRedis.from_pool(pool)
