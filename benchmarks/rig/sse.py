"""A reader of a job's events over a plain connection, and what it puts together from them."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, cast

import orjson


@dataclass
class Picture:
    """What the events so far add up to."""

    job: dict[str, Any] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    last: str = ""
    names: list[str] = field(default_factory=list)
    marks: dict[str, tuple[int, ...]] = field(default_factory=dict)  # lengths of texts by event

    @property
    def characters(self) -> int:
        """How much text has come."""
        return sum(map(len, self.texts))

    def agrees(self, other: "Picture") -> bool:
        """Whether these texts, as of the other's last event, were what that one shows."""
        lengths = self.marks.get(other.last, ())
        return [
            text[:length] for text, length in zip(self.texts, lengths, strict=False)
        ] == other.texts

    def take(self, name: str, data: dict[str, Any], event_id: str) -> None:
        """Take one event in."""
        self._apply(name, data)
        if event_id:
            self.last = event_id
            self.marks[event_id] = tuple(map(len, self.texts))

    def _apply(self, name: str, data: dict[str, Any]) -> None:
        self.names.append(name)
        if name in ("snapshot", "result"):
            self.job = data["job"]
        if name == "snapshot":
            self.texts = list(data["partial"])
        elif name == "token":
            sample = data["sample"]
            self.texts += [""] * (sample + 1 - len(self.texts))
            self.texts[sample] = self.texts[sample][: data["offset"]] + data["text"]
        elif name == "status":
            self.job |= {"status": data["status"], "attempt": data["attempt"]}
            if data["status"] == "queued":
                self.texts = []


class Follower(asyncio.Protocol):
    """One stream; it may go on from where another was cut."""

    def __init__(self, port: int, job_id: str, resume: "Follower | None" = None) -> None:
        self.job_id = job_id
        self.picture: Picture = resume.picture if resume else Picture()
        self.done_at = 0.0
        self.is_closed = False
        self._port = port
        self._after = self.picture.last
        self._seen_before = len(self.picture.names)
        self._received = b""
        self._news = asyncio.Event()
        self._transport: asyncio.Transport | None = None

    async def open(self) -> None:
        """Connect and ask."""
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, "127.0.0.1", self._port)
        last = f"Last-Event-ID: {self._after}\r\n" if self._after else ""
        cast(asyncio.Transport, self._transport).write(
            f"GET /v1/jobs/{self.job_id}/events HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
            f"Accept: text/event-stream\r\n{last}\r\n".encode()
        )

    def close(self) -> None:
        """Hang up."""
        if self._transport:
            self._transport.abort()

    @property
    def has_resumed(self) -> bool:
        """Whether what came since goes on where it was, rather than begin with the whole state."""
        return self.picture.names[self._seen_before :][:1] not in ([], ["snapshot"])

    async def until(self, is_enough: Callable[[Picture], bool]) -> None:
        """Read until this holds.

        Raises:
            ConnectionError: if the stream ends before.
        """
        while not is_enough(self.picture):
            if self.is_closed:
                raise ConnectionError(f"the stream of {self.job_id} has ended")
            self._news.clear()
            await self._news.wait()

    async def until_done(self) -> None:
        """Read to the end."""
        await self.until(lambda picture: bool(self.done_at))

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way out."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever reads."""
        self.is_closed = True
        self._news.set()

    def data_received(self, data: bytes) -> None:
        """Take in what is whole; chunks' lengths are lines by themselves, which say nothing."""
        self._received += data
        *frames, self._received = self._received.split(b"\n\n")
        for frame in frames:
            self._take(frame)
        self._news.set()

    def _take(self, frame: bytes) -> None:
        facts = {}
        for line in frame.decode().split("\n"):
            name, colon, value = line.strip("\r").partition(": ")
            if colon and name in ("id", "event", "data"):
                facts[name] = value
        if "event" not in facts:
            return
        self.picture.take(facts["event"], orjson.loads(facts["data"]), facts.get("id", ""))
        if facts["event"] == "done":
            self.done_at = time.time()


@contextlib.asynccontextmanager
async def follow(port: int, job_id: str, resume: Follower | None = None) -> AsyncIterator[Follower]:
    """Follow a job; with `resume` from where that reader was cut."""
    follower = Follower(port, job_id, resume)
    await follower.open()
    try:
        yield follower
    finally:
        follower.close()
