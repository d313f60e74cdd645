"""What a reader makes of a job's events, to hold against the snapshot of the same moment."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from genart_core.jobs.caller import Event, Snapshot

ENDED = ("succeeded", "failed", "canceled", "expired")


@dataclass
class Seen:
    """The state that events add up to."""

    status: str = ""
    attempt: int = 0
    version: int = 0
    step: int = 0
    total: int = 0
    partial: tuple[str, ...] = ()


def replay(events: Iterable[Event], since: Snapshot | None = None) -> Seen:
    """Apply events one after the other, beginning with a snapshot or with nothing."""
    seen = Seen() if since is None else state_of(since)
    for event in events:
        data = json.loads(event.data)
        if event.name == "token":
            _write(seen, data["sample"], data["offset"], data["text"])
        else:
            seen.version = data["version"]
        if event.name == "progress":
            seen.step, seen.total = data["step"], data["total"]
        if event.name == "status":
            seen.status, seen.attempt = data["status"], data["attempt"]
            if seen.status == "queued":
                seen.step = seen.total = 0
            if seen.status == "succeeded":
                seen.step = seen.total
            if seen.status in ("queued", *ENDED):
                seen.partial = ()
    return seen


def state_of(snapshot: Snapshot) -> Seen:
    """Return what a snapshot says."""
    assert snapshot.placed is not None
    job = snapshot.placed.job
    return Seen(job.status, job.attempt, job.version, job.step, job.total, snapshot.partial)


def _write(seen: Seen, sample: int, offset: int, text: str) -> None:
    texts = list(seen.partial) + [""] * (sample + 1 - len(seen.partial))
    assert offset == len(texts[sample]), "a token event begins where the text so far ends"
    texts[sample] += text
    seen.partial = tuple(texts)
