"""Connections to Redis, blocking for the worker and asyncio for the gateway."""

from typing import Any

import hiredis
from redis import Redis
from redis.asyncio import BlockingConnectionPool as AsyncBlockingConnectionPool
from redis.asyncio import Redis as AsyncRedis
from redis.backoff import ExponentialBackoff
from redis.connection import Connection
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.retry import Retry

_TIMEOUT_SECONDS = 5


class _Scripts(Redis):
    """Runs scripts with little around them: redis-py's own way costs more than the script.

    It keeps the connections that it has used for itself, one per thread that is busy at a time.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._idle: list[Connection] = []

    def evalsha(self, sha: str, numkeys: int, *keys_and_args: Any) -> Any:
        """Run a script that Redis knows; raises as redis-py does."""
        packed = hiredis.pack_command(("EVALSHA", sha, numkeys, *keys_and_args))
        try:
            connection = self._idle.pop()
        except IndexError:
            return self._ask(self.connection_pool.get_connection(), packed)
        try:
            return self._ask(connection, packed)
        except RedisConnectionError:  # lost while it was idle; transitions stand repetition
            return self._ask(self.connection_pool.get_connection(), packed)

    def _ask(self, connection: Connection, packed: bytes) -> Any:
        try:
            connection.send_packed_command([packed], check_health=False)  # type: ignore[no-untyped-call]
            reply = connection.read_response()
        except ResponseError:
            self._idle.append(connection)
            raise
        except BaseException:
            connection.disconnect()  # type: ignore[no-untyped-call]
            self.connection_pool.release(connection)
            raise
        self._idle.append(connection)
        return reply


def connect(url: str, *, retries: int = 0) -> Redis:
    """Return a blocking client; each command is tried again `retries` times when Redis is away."""
    return (Redis if retries else _Scripts).from_url(
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
