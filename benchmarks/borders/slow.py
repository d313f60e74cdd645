"""Peers who never come to an end ("slow loris"), and how long each is borne with."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from api.http.wire import BODY_SECONDS, HEAD_SECONDS, UNREAD_SECONDS

PAUSE_SECONDS = 1.0
SLACK_SECONDS = 15.0  # for a machine that is busy, and for buffers that fill up first
_POST = b"POST /v1/text HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
_ASK = b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@dataclass
class Peers:
    """Peers of one sort: how they begin, what they go on with, and when they must be gone."""

    name: str
    count: int
    begin: bytes
    go_on: bytes
    bound: float
    reads: bool = True
    held: list[float] = field(default_factory=list)

    @property
    def is_met(self) -> bool:
        """Whether all were let go in time."""
        return len(self.held) == self.count and max(self.held) <= self.bound + SLACK_SECONDS

    def row(self) -> list[str]:
        """Return a row of the table."""
        value = f"{len(self.held)} of {self.count} let go"
        if self.held:
            value += f", the last after {max(self.held):.1f} s"
        bar = f"<= {self.bound:g} + {SLACK_SECONDS:g} s"
        return [f"slow: {self.name}", value, bar, "pass" if self.is_met else "FAIL"]


def sorts(count: int, *, is_quick: bool) -> list[Peers]:
    """Return `count` peers of each sort; in a hurry only those that are let go first."""
    heads = [
        Peers("head by the byte", count, b"GET /livez HTTP/1.1\r\nX: ", b"a", HEAD_SECONDS),
        Peers("no word at all", count, b"", b"", HEAD_SECONDS),
    ]
    if is_quick:
        return heads
    chunked = b"Transfer-Encoding: chunked\r\n\r\n"
    return [
        *heads,
        Peers(
            "body by the byte", count, _POST + b"Content-Length: 9999\r\n\r\n{", b" ", BODY_SECONDS
        ),
        Peers("chunk by chunk", count, _POST + chunked, b"1\r\n \r\n", BODY_SECONDS),
        Peers("answers not read", count, _ASK * 100, b"", UNREAD_SECONDS, reads=False),
    ]


@asynccontextmanager
async def slow_peers(port: int, peers: list[Peers]) -> AsyncIterator[None]:
    """Have them all hang on while something else is done; returns when they are gone."""
    async with asyncio.TaskGroup() as group:
        for sort in peers:
            for _ in range(sort.count):
                group.create_task(_hang_on(port, sort))
        yield


async def _hang_on(port: int, sort: Peers) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4096)
    began, deadline = time.monotonic(), sort.bound + 3 * SLACK_SECONDS
    with suppress(ConnectionError):
        writer.write(sort.begin)
        while time.monotonic() - began < deadline:
            if sort.reads and await _has_ended(reader):
                break
            if not sort.reads:
                await asyncio.sleep(PAUSE_SECONDS)
                writer.write(b"\r\n")  # to learn whether anybody is there
                if writer.transport.is_closing():
                    break
            writer.write(sort.go_on)
        else:
            writer.transport.abort()
            return
    sort.held.append(time.monotonic() - began)
    writer.transport.abort()


async def _has_ended(reader: asyncio.StreamReader) -> bool:
    """Wait a moment for the end of a connection."""
    try:
        async with asyncio.timeout(PAUSE_SECONDS):
            while await reader.read(4096):
                pass
            return True
    except TimeoutError:
        return False
