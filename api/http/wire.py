"""The HTTP protocol on the socket, with bounds on what a peer may send before it is a request.

uvicorn's own has none: a head (request line and fields) of any length is gathered in memory, and a
peer who sends a byte now and then keeps its connection for ever ("slow loris"). Here a head must be
whole within `HEAD_SECONDS` and `HEAD_BYTES`, a body must keep coming, and answers must be taken.
Bodies have their limits where they are read (`api.incoming.bodies`, `api.incoming.intake`).
"""

import socket
from asyncio import BaseTransport, TimerHandle
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from api.http.correlation import new_request_id
from api.http.errors import MEDIA_TYPE, PROBLEMS, SECURITY_HEADERS
from api.http.linger import LINGER_SECONDS

HEAD_BYTES = 64 * 1024
HEAD_FIELDS = 128
HEAD_SECONDS = 10.0
BODY_SECONDS = 30.0  # in each such span a body that is not whole must bring BODY_BYTES
BODY_BYTES = 4096
UNREAD_SECONDS = 60.0  # a peer that takes nothing of its answers for so long is let go

# Of Linux: the kernel drops the connection, one that we have closed and not emptied, too.
_USER_TIMEOUT = getattr(socket, "TCP_USER_TIMEOUT", None)
_DETAILS = {
    "malformed_http": "What came is no HTTP/1.1 request",
    "request_timeout": f"The head must be whole within {HEAD_SECONDS:g} seconds",
    "head_too_large": f"At most {HEAD_BYTES} bytes and {HEAD_FIELDS} fields are taken",
}


class _HeadTooLargeError(Exception):
    """The head outgrew its bounds while it was being parsed."""


class Wire(HttpToolsProtocol):
    """uvicorn's protocol with bounds; a request that comes in one piece costs no timer."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._in_head = True
        self._received = self._body_bytes = 0
        self._head_bytes = self._unparsed = 0  # of its fields so far; of pieces without its end
        self._is_too_large = self._is_refused = False
        self._timer: TimerHandle | None = None
        self._running: RequestResponseCycle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Start waiting for the first head."""
        super().connection_made(transport)  # type: ignore[arg-type]
        if _USER_TIMEOUT is not None:
            connection = transport.get_extra_info("socket")
            milliseconds = int(UNREAD_SECONDS * 1000)
            connection.setsockopt(socket.IPPROTO_TCP, _USER_TIMEOUT, milliseconds)
        self._wait(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let the timer go, and tell all requests that nobody listens any more."""
        self._rest()
        # uvicorn tells the newest alone; one that came before it would write on, into the void
        for cycle in (self._running, *(waiting for waiting, _ in self.pipeline)):
            if cycle is not None and not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        self.pipeline.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came, and bound what is not whole."""
        if self._hears_nothing():
            return
        self._received += len(data)
        super().data_received(data)
        if self._hears_nothing():
            return
        if self.transport.is_closing():
            self._rest()
        elif self._in_head:
            self._unparsed += len(data)
            if self._unparsed > HEAD_BYTES:
                self._refuse("head_too_large")
            elif self._timer is None and self._received:
                self._wait(HEAD_SECONDS)
        elif self._is_body_open():
            if self._timer is None:
                self._body_bytes = self._received
                self._wait(BODY_SECONDS)
        else:
            self._rest()

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = self._unparsed = 0

    def on_url(self, url: bytes) -> None:
        """Take a piece of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field."""
        self._count(len(name) + len(value))
        super().on_header(name, value)
        if len(self.headers) > HEAD_FIELDS:
            self._count(HEAD_BYTES)

    def on_headers_complete(self) -> None:
        """End a head; a body may follow."""
        self._in_head = False
        self._rest()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request; another head may follow."""
        super().on_message_complete()
        self._head_bytes = self._unparsed = self._received = 0

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:
        """Answer what can't be parsed; uvicorn calls it."""
        self._refuse("head_too_large" if self._is_too_large else "malformed_http")

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES:
            self._is_too_large = True
            raise _HeadTooLargeError

    def _hears_nothing(self) -> bool:
        return self._is_refused

    def _is_body_open(self) -> bool:
        cycle = self.cycle
        return cycle is not None and cycle.more_body and not cycle.response_complete

    def _wait(self, seconds: float) -> None:
        self._rest()
        self._timer = self.loop.call_later(seconds, self._late)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _late(self) -> None:
        self._timer = None
        if self.transport.is_closing():
            return
        if self._in_head:
            if self._received:
                self._refuse("request_timeout")
            else:
                self.transport.close()  # said nothing, is told nothing
        elif self._is_body_open():
            came, self._body_bytes = self._received - self._body_bytes, self._received
            # what is not read because nobody takes it is not the peer's fault
            if came < BODY_BYTES and not self.flow.read_paused:
                self.transport.close()
            else:
                self._wait(BODY_SECONDS)

    def _refuse(self, code: str) -> None:
        self._rest()
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()  # an earlier answer is on its way; nothing may be put into it
            return
        kind, request_id = PROBLEMS[code], new_request_id().decode()
        problem = {
            "type": f"/problems/{code}",
            "title": kind.title,
            "status": kind.status,
            "detail": _DETAILS[code],
            "code": code,
            "request_id": request_id,
        }
        body = orjson.dumps(problem)
        headers = {
            **SECURITY_HEADERS,
            "x-request-id": request_id,
            "content-type": MEDIA_TYPE,
            "content-length": str(len(body)),
            "connection": "close",
        }
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self.transport.write(STATUS_LINE[kind.status] + lines.encode() + b"\r\n" + body)
        self._leave()

    def _leave(self) -> None:
        """Say that this was all, and hang up soon: at once, the peer might lose the answer."""
        self._is_refused = True
        self.transport.write_eof()
        self._timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def eof_received(self) -> None:
        """Hang up on a peer who has said all, too, and been refused."""
        if self._is_refused:
            self.transport.close()
