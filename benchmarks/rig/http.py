"""A keep-alive HTTP/1.1 connection that costs next to nothing.

On two cores a full client library would take more of them than the services under measurement.
"""

import asyncio
from typing import NamedTuple, cast

BODY = b'{"seed":1,"bytes":1000}'


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes


class Connection(asyncio.Protocol):
    """One connection, one request at a time; answers must carry a Content-Length."""

    def __init__(self) -> None:
        self._received = b""
        self._waiter: asyncio.Future[Answer] | None = None
        self._transport: asyncio.Transport | None = None

    async def ask(self, request: bytes) -> Answer:
        """Send a whole request and return its answer.

        Raises:
            ConnectionError: if the server hangs up.
        """
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError("the server has hung up")
        self._waiter = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiter

    def close(self) -> None:
        """Hang up."""
        if self._transport:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits for an answer that none will come."""
        if self._waiter and not self._waiter.done():
            self._waiter.set_exception(ConnectionError(f"the server hung up: {exc}"))

    def data_received(self, data: bytes) -> None:
        """Deliver the answer once it is whole."""
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end or self._waiter is None or self._waiter.done():
            return
        try:
            answer = _read(head, body)
        except ValueError as error:
            self._waiter.set_exception(error)
            return
        if answer:
            self._received = b""
            self._waiter.set_result(answer)


async def connect(port: int, client: int = 1) -> Connection:
    """Open a connection to a server on this machine.

    It comes from 127.0.0.`client`, as which the service takes its caller for another one.
    """
    loop = asyncio.get_running_loop()
    _, connection = await loop.create_connection(
        Connection, "127.0.0.1", port, local_addr=(f"127.0.0.{client}", 0)
    )
    return connection


def post(port: int, path: str, key: str, wait_seconds: int) -> bytes:
    """Return a request for a job that must be made anew; `wait_seconds` 0 = don't wait for it."""
    prefer = f"Prefer: wait={wait_seconds}\r\n" if wait_seconds else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: */*\r\n"
        "Content-Type: application/json\r\nCache-Control: no-cache\r\n"
        f"Idempotency-Key: {key}\r\n{prefer}Content-Length: {len(BODY)}\r\n\r\n"
    )
    return head.encode() + BODY


def submit(port: int, path: str, body: bytes, *, wait_seconds: int = 0, key: str = "") -> bytes:
    """Return a request for a job of any kind, to be made anew; `wait_seconds` as for `post`."""
    prefer = f"Prefer: wait={wait_seconds}\r\n" if wait_seconds else ""
    prefer += f"Authorization: Bearer {key}\r\n" if key else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: */*\r\n"
        f"Content-Type: application/json\r\nCache-Control: no-cache\r\n{prefer}"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def get(port: int, path: str) -> bytes:
    """Return a plain GET."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: */*\r\n\r\n".encode()


def _read(head: bytes, body: bytes) -> Answer | None:
    lowered = head.lower()
    at = lowered.find(b"\r\ncontent-length:")
    if at < 0:
        raise ValueError(f"an answer without Content-Length: {head!r}")
    length = int(lowered[at + 17 :].split(b"\r\n", 1)[0])
    return Answer(int(head[9:12]), body) if len(body) >= length else None
