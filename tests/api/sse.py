"""A reader of server-sent events."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from httpx2 import Client, Response


@dataclass(frozen=True)
class Event:
    name: str
    data: dict[str, Any]
    id: str | None


@dataclass
class Reader:
    """Reads events one by one; comments and `retry` are kept aside."""

    answer: Response
    comments: list[str] = field(default_factory=list)
    retry: int | None = None

    def __post_init__(self) -> None:
        self.lines = self.answer.iter_lines()

    def __iter__(self) -> Iterator[Event]:
        facts: dict[str, str] = {}
        for line in self.lines:
            if line.startswith(":"):
                self.comments.append(line)
                continue
            name, _, value = line.partition(": ")
            if name == "retry":
                self.retry = int(value)
            elif name:
                facts[name] = value
            elif facts:
                yield Event(facts["event"], json.loads(facts["data"]), facts.get("id"))
                facts = {}

    def next(self) -> Event:
        return next(iter(self))


@contextmanager
def following(
    http: Client, url: str, *, last: str | None = None, query: str = ""
) -> Iterator[Reader]:
    headers = {"Last-Event-ID": last} if last is not None else {}
    with http.stream("GET", f"{url}/events{query}", headers=headers) as answer:
        yield Reader(answer)
