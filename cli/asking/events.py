"""A job's events as they come (server-sent events), over broken connections too."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cli.asking.service import Service
from cli.errors import ProblemReplyError, ServiceError

PATIENCE_SECONDS = 30.0  # without any event, while the service can't be reached
PAUSE_SECONDS = 0.5


@dataclass(frozen=True)
class Event:
    """One event; `id` is where a reader goes on behind it."""

    name: str
    data: Mapping[str, Any]
    id: str


def follow(service: Service, url: str) -> Iterator[Event]:
    """Yield a job's events until it has ended; `url` is that of its events.

    Raises:
        ProblemReplyError: if there is no such job.
        ServiceError: if the service stays away.
    """
    last, give_up = "", time.monotonic() + PATIENCE_SECONDS
    while True:
        trouble: Exception | None = None
        try:
            with service.open("GET", url, headers={"Last-Event-ID": last} if last else {}) as lines:
                for event in parse(lines):
                    yield event
                    if event.name == "done":
                        return
                    last, give_up = event.id or last, time.monotonic() + PATIENCE_SECONDS
        except ServiceError as error:
            trouble = error
        except ProblemReplyError as error:
            if error.status < 500:
                raise
            trouble = error
        if time.monotonic() > give_up:
            raise trouble or ServiceError(f"{service.url} tells nothing of the job any more")
        time.sleep(PAUSE_SECONDS)


def parse(lines: Iterable[bytes]) -> Iterator[Event]:
    """Yield the events of a stream; one that was cut off is left out."""
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.decode(errors="replace").rstrip("\r\n").partition(":")
        value = value.removeprefix(" ")
        if name:
            fields[name] = f"{fields['data']}\n{value}" if name == "data" in fields else value
        elif "data" in fields or "event" in fields:
            if fields.get("data"):
                yield Event(
                    fields.get("event", ""), json.loads(fields["data"]), fields.get("id", "")
                )
            fields = {}
