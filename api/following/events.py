"""A job's life as server-sent events (WHATWG HTML, section 9.2), resumable.

The id of an event is that of its entry in the job's stream in Redis, so any gateway can take a
reader up where another left it. A fresh reader first gets a `snapshot`: the whole job, the partial
texts and the preview so far, and an id behind which to go on. So does one whose place has been
trimmed away, and everybody after an outage of Redis. `result` carries the finished job; `done` is
the last event.
"""

from collections.abc import AsyncIterator
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.answers.representation import preview_event, preview_view, view
from api.dependencies import Gateway, found_job
from api.engine.wakeups import Watch
from api.following.waiting import until_hang_up
from api.http.errors import ProblemError
from genart_core.jobs.caller import Events, Found, Snapshot, events, get, snapshot
from genart_core.jobs.record import JobId

RETRY = b"retry: 2000\n\n"
HEARTBEAT = b": still here\n\n"
_MAX_DIGITS = 18
EVENT_ID_OR_NONE = f"^([0-9]{{1,{_MAX_DIGITS}}}-[0-9]{{1,{_MAX_DIGITS}}})?$"
_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


def parse_event_id(text: str) -> tuple[int, int] | None:
    """Return an event id as a pair that sorts, or None if it is none."""
    first, dash, second = text.partition("-")
    parts = (first, second)
    if not dash or not all(p.isascii() and p.isdigit() and len(p) <= _MAX_DIGITS for p in parts):
        return None
    return int(first), int(second)


async def follow(gateway: Gateway, job_id: JobId, client: str, after: str) -> Response:
    """Return a job's events behind the one with id `after` ("" = a fresh reader).

    A reader that has seen everything gets 204, upon which browsers stop asking.

    Raises:
        ProblemError: if there is no such job.
    """
    now = await gateway.ask(snapshot(job_id, client))
    placed = found_job(job_id, Found(now.state, now.placed))
    place, last = parse_event_id(after), parse_event_id(now.last_event)
    if place is None or last is None or place > last:
        after = ""  # unknown here: Redis may have lost its last second
    elif placed.job.is_terminal and place == last:
        return Response(status_code=204, headers=_HEADERS)
    return EventStream(gateway, job_id, client, after)


class EventStream(Response):
    """The answer that goes on until the job is done, is deleted, or the reader leaves."""

    media_type = "text/event-stream"

    def __init__(self, gateway: Gateway, job_id: JobId, client: str, after: str) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._gateway = gateway
        self._job_id = job_id
        self._client = client
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""
        gateway = self._gateway
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        with (
            gateway.metrics.streams.track_inprogress(),
            gateway.wakeups.changes(self._job_id) as watch,
        ):
            async with until_hang_up(watch, receive):
                async for frames in self._frames(watch):
                    await send({"type": "http.response.body", "body": frames, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _frames(self, watch: Watch) -> AsyncIterator[bytes]:
        yield RETRY
        heartbeat = self._gateway.settings.heartbeat_seconds
        while True:
            try:
                frames, is_over = await self._next()
            except ProblemError:
                # Redis is away; the wake-up after it has come back brings a snapshot
                frames, is_over = b"", False
            if frames:
                yield frames
            if is_over:
                return
            if frames:
                continue
            news = await watch.wait(heartbeat)
            if news == "closed" or not self._gateway.keyring.admits(self._client):
                return
            if news == "reset":
                self._after = ""
            if news == "quiet":
                yield HEARTBEAT

    async def _next(self) -> tuple[bytes, bool]:
        """Return what is new, and whether it was the last."""
        if not self._after:
            return self._restart(await self._gateway.ask(snapshot(self._job_id, self._client)))
        found = await self._gateway.ask(events(self._job_id, self._client, self._after))
        if found.gap:
            self._after = ""
            return await self._next()
        return await self._go_on(found)

    def _restart(self, now: Snapshot) -> tuple[bytes, bool]:
        if now.placed is None:
            return b"", True
        self._after = now.last_event
        job = view(now.placed)
        state = {"job": job, "partial": now.partial, "preview": preview_view(now.placed.job)}
        frames = _frame("snapshot", state, now.last_event)
        if not now.placed.job.is_terminal:
            return frames, False
        done = {"status": now.placed.job.status, "version": now.placed.job.version}
        frames += _frame("result", {"job": job}) + _frame("done", done, now.last_event)
        return frames, True

    async def _go_on(self, found: Events) -> tuple[bytes, bool]:
        if found.state != "found":
            return b"", True
        frames = []
        for event in found.events:
            self._after = event.id
            if event.name == "done":
                frames.append(await self._result())
            if event.name == "preview":
                shown = preview_event(self._job_id, orjson.loads(event.data))
                frames.append(_frame("preview", shown, event.id))
                continue
            frames.append(_raw_frame(event.name, event.data.encode(), event.id))
            if event.name == "done":
                return b"".join(frames), True
        return b"".join(frames), False

    async def _result(self) -> bytes:
        """The finished job; without an id, so that a reader lost right here gets it again."""
        found = await self._gateway.ask(get(self._job_id, self._client))
        return _frame("result", {"job": view(found.placed)}) if found.placed else b""


def _frame(name: str, data: dict[str, Any], event_id: str = "") -> bytes:
    return _raw_frame(name, orjson.dumps(data), event_id)


def _raw_frame(name: str, data: bytes, event_id: str) -> bytes:
    # JSON has no raw line breaks, so one data line is enough
    place = f"id: {event_id}\n" if event_id else ""
    return f"{place}event: {name}\n".encode() + b"data: " + data + b"\n\n"
