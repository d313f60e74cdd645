"""Answers to requests whose body has not been read to its end.

If a connection is closed while its peer still sends, the kernel resets it, and a caller who writes
the whole body before reading loses the answer too: it sees "connection reset" instead of the 413
that says what to mend. So the answer goes out at once, but is only ended - and with it the
connection, where that is to close - after what still arrives has been read and thrown away
("lingering close"), within bounds.
"""

import asyncio
from contextlib import suppress

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LINGER_SECONDS = 2.0
LINGER_BYTES = 16 * 1024 * 1024


class Linger:
    """Middleware that reads on, after an early answer, within `LINGER_SECONDS` and `_BYTES`.

    It holds the end of the answer back instead of reading after it, since a server delivers no
    body once an answer is complete. Callers don't wait for that end: problems have a length.
    """

    def __init__(self, app: ASGIApp, limit: int) -> None:
        """`limit` is the largest body, in bytes, after which a connection is still kept."""
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        declared = _declared(scope) if scope["type"] == "http" else 0
        if declared == 0:
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(
            receive, send, is_bounded=declared is not None and declared <= self._limit
        )
        await self._app(scope, exchange.receive, exchange.send)


class _Exchange:
    """One request with a body, and its answer."""

    def __init__(self, receive: Receive, send: Send, *, is_bounded: bool) -> None:
        self._receive = receive
        self._send = send
        self._is_bounded = is_bounded
        self._has_ended = False

    async def receive(self) -> Message:
        message = await self._receive()
        if not message.get("more_body", False):  # the last piece, or the caller hung up
            self._has_ended = True
        return message

    async def send(self, message: Message) -> None:
        if self._has_ended:
            await self._send(message)
        elif message["type"] == "http.response.start":
            await self._send(message if self._is_bounded else _closing(message))
        elif message.get("more_body", False):
            await self._send(message)
        else:
            await self._send({**message, "more_body": True})
            await self._read_on()
            await self._send({"type": "http.response.body"})

    async def _read_on(self) -> None:
        left = LINGER_BYTES
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while left > 0 and not self._has_ended:
                    left -= len((await self.receive()).get("body", b""))


def _declared(scope: Scope) -> int | None:
    """Return the length of a request's body, 0 without one; None if only its end will tell."""
    length = 0
    for name, value in scope["headers"]:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            length = int(value) if len(value) <= 18 else 10**18
    return length


def _closing(message: Message) -> Message:
    headers = [field for field in message["headers"] if field[0] != b"connection"]
    return {**message, "headers": [*headers, (b"connection", b"close")]}
