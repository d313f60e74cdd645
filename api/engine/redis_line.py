"""One connection to Redis that all requests of a process share.

Commands are written as they come and replies are handed out in the same order, so many requests
need but one connection, and a command costs a third of what it costs through redis-py's pooled
asyncio client. It can do what the gateway needs: run scripts, and listen on a channel.
"""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

import hiredis
from redis.connection import parse_url
from redis.exceptions import (
    AuthenticationError,
    NoScriptError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from genart_core.jobs.store import Call, arun

if TYPE_CHECKING:
    from redis.asyncio import Redis as AsyncRedis

T = TypeVar("T")

Argument: TypeAlias = str | bytes | int | float

_DEFAULT_PORT = 6379
_CHECKS_PER_PATIENCE = 10


class RedisLine:
    """The connection, made when it is first needed and anew after it was lost."""

    def __init__(self, url: str, *, patience_seconds: float) -> None:
        """`patience_seconds` is how long a reply may take before the connection is given up."""
        self._options: dict[str, Any] = dict(parse_url(url))  # type: ignore[no-untyped-call]
        self._patience = patience_seconds
        self._wire: _Wire | None = None
        self._connecting: asyncio.Task[_Wire] | None = None

    async def send(self, call: Call[T]) -> T:
        """Make a transition; raises as redis-py does."""
        # all that `arun` uses of a client are the two methods below
        return await arun(cast("AsyncRedis", self), call)

    async def evalsha(self, digest: str, keys: int, *args: Argument) -> Any:
        """Run a script that Redis knows; raises as redis-py does."""
        return await self._command(("EVALSHA", digest, keys, *args))

    async def eval(self, source: str, keys: int, *args: Argument) -> Any:
        """Run a script; raises as redis-py does."""
        return await self._command(("EVAL", source, keys, *args))

    async def listen(
        self, channel: str, hear: Callable[[Sequence[Any]], object], *, ping_seconds: float
    ) -> None:
        """Pass on what comes on a channel, over a connection of its own, until that is lost.

        `hear` is given what Redis sends: `subscribe` once it listens, `message` with each message.
        A connection that is silent, also when it is pinged, is given up.

        Raises:
            redis.RedisError: in the end.
        """
        wire = await self._connect()
        lost, pinged = wire.subscribe(channel, hear), False
        try:
            while True:
                wire.is_silent = True
                await asyncio.wait({lost}, timeout=ping_seconds)
                if lost.done():
                    lost.result()
                if wire.is_silent and pinged:
                    raise RedisTimeoutError("the subscription is silent")
                pinged = wire.is_silent
                if pinged:
                    wire.ping()
        finally:
            lost.cancel()  # so that nobody misses what it would say
            wire.hang_up(RedisConnectionError, "Nobody listens any more")

    async def aclose(self) -> None:
        """Hang up."""
        if self._wire is not None:
            self._wire.hang_up(RedisConnectionError, "Connection closed")
        if self._connecting is not None:
            self._connecting.cancel()
        await asyncio.sleep(0)  # lets the socket be closed

    async def _command(self, command: tuple[Argument, ...]) -> Any:
        """Send once more if the connection breaks: transitions stand repetition."""
        try:
            return await (await self._connected()).send(command)
        except RedisConnectionError:
            return await (await self._connected()).send(command)

    async def _connected(self) -> "_Wire":
        wire = self._wire
        if wire is not None and not wire.is_lost:
            return wire
        if self._connecting is None or self._connecting.done():
            self._connecting = asyncio.create_task(self._connect())
        # one attempt for all who want it; who gives up waiting doesn't end it
        self._wire = await asyncio.shield(self._connecting)
        return self._wire

    async def _connect(self) -> "_Wire":
        try:
            async with asyncio.timeout(self._patience):
                wire = await self._open()
                with ExitStack() as on_failure:
                    on_failure.callback(wire.hang_up, RedisConnectionError, "Not let in")
                    await self._introduce(wire)
                    on_failure.pop_all()
        except TimeoutError as error:
            raise RedisTimeoutError("Redis did not let us in in time") from error
        except (OSError, ResponseError) as error:
            raise RedisConnectionError(f"Redis does not let us in: {error}") from error
        return wire

    async def _open(self) -> "_Wire":
        loop, options = asyncio.get_running_loop(), self._options

        def wire() -> _Wire:
            return _Wire(self._patience)

        if "path" in options:
            return (await loop.create_unix_connection(wire, options["path"]))[1]
        host, port = options.get("host", "localhost"), options.get("port", _DEFAULT_PORT)
        context = _tls(options) if "connection_class" in options else None
        return (await loop.create_connection(wire, host, port, ssl=context))[1]

    async def _introduce(self, wire: "_Wire") -> None:
        user, password = self._options.get("username"), self._options.get("password")
        if password:
            await wire.send(("AUTH", user, password) if user else ("AUTH", password))
        if self._options.get("db"):
            await wire.send(("SELECT", self._options["db"]))


class _Wire(asyncio.Protocol):
    """One life of the connection; it ends when a reply is overdue."""

    def __init__(self, patience_seconds: float) -> None:
        self.is_lost = False
        self.is_silent = True
        self._hear: Callable[[Sequence[Any]], object] | None = None
        self._patience = patience_seconds
        self._replies = hiredis.Reader(replyError=_error_of)
        # who waits for a reply and since when, in the order of the commands
        self._pending: deque[tuple[asyncio.Future[Any], float]] = deque()
        self._loop = asyncio.get_running_loop()
        self._watchdog: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def send(self, command: tuple[Argument, ...]) -> "asyncio.Future[Any]":
        """Send a command and return its reply to come."""
        reply: asyncio.Future[Any] = self._loop.create_future()
        if self.is_lost:
            reply.set_exception(RedisConnectionError("Connection lost"))
            return reply
        self._pending.append((reply, self._loop.time()))
        if self._watchdog is None:
            self._watch()
        self._transport.write(hiredis.pack_command(command))  # type: ignore[arg-type]  # any length
        return reply

    def subscribe(
        self, channel: str, hear: Callable[[Sequence[Any]], object]
    ) -> "asyncio.Future[None]":
        """Have all that comes from now on heard; what is returned fails when the wire is lost."""
        lost = self._loop.create_future()
        self._hear = hear
        self._pending.append((lost, self._loop.time()))
        self._transport.write(hiredis.pack_command(("SUBSCRIBE", channel)))  # type: ignore[arg-type]
        return lost

    def ping(self) -> None:
        """Ask a silent wire for a sign of life."""
        self._transport.write(hiredis.pack_command(("PING",)))

    def data_received(self, data: bytes) -> None:
        self.is_silent = False
        self._replies.feed(data)
        try:
            while (found := self._replies.gets()) is not False:
                self._hand_out(found)
        except hiredis.ProtocolError as error:
            self.hang_up(RedisConnectionError, f"What came is no reply of Redis: {error}")

    def connection_lost(self, error: Exception | None) -> None:
        self.hang_up(RedisConnectionError, "Connection lost")

    def hang_up(self, error: type[RedisError], reason: str) -> None:
        """End this connection; for all who wait, the error is raised."""
        self.is_lost = True
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None
        self._transport.abort()
        while self._pending:
            reply, _ = self._pending.popleft()
            if not reply.done():
                reply.set_exception(error(reason))

    def _hand_out(self, found: Any) -> None:
        if self._hear is not None and not isinstance(found, RedisError):
            self._hear(found)
            return
        if not self._pending:
            raise hiredis.ProtocolError("nobody has asked")
        reply, _ = self._pending.popleft()
        if reply.done():
            return  # who asked has gone
        if isinstance(found, RedisError):
            reply.set_exception(found)
        else:
            reply.set_result(found)

    def _watch(self) -> None:
        """Look at times whether the oldest reply is overdue; cheaper than a timer per command."""
        if self._pending and self._loop.time() - self._pending[0][1] > self._patience:
            self.hang_up(RedisTimeoutError, "Redis did not answer in time")
            return
        pause = self._patience / _CHECKS_PER_PATIENCE
        self._watchdog = self._loop.call_later(pause, self._watch) if self._pending else None


def _error_of(text: str) -> RedisError:
    if text.startswith("NOSCRIPT"):
        return NoScriptError(text)
    if text.startswith(("NOAUTH", "WRONGPASS")):
        return AuthenticationError(text)
    return ResponseError(text)


def _tls(options: dict[str, Any]) -> ssl.SSLContext:
    """Return what `rediss://` and its `ssl_…` options ask for."""
    context = ssl.create_default_context(cafile=options.get("ssl_ca_certs"))
    if options.get("ssl_certfile"):
        context.load_cert_chain(options["ssl_certfile"], options.get("ssl_keyfile"))
    if options.get("ssl_cert_reqs") == "none":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
