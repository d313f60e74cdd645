"""The service's HTTP API as a caller under load uses it: one keep-alive connection, no library."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any, NamedTuple
from urllib.parse import urlsplit

ANSWER_SECONDS = 90.0
NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for; `body` is JSON text, so that equal asks are equal."""

    kind: str
    body: str

    @classmethod
    def of(cls, kind: str, **fields: Any) -> "Ask":
        """Return an ask with these fields in its body."""
        return cls(kind, json.dumps(fields, sort_keys=True))


class Reply(NamedTuple):
    """An answer; the names of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body's value."""
        return json.loads(self.body)

    @property
    def retry_after(self) -> float | None:
        """Seconds after which to come back, None if it doesn't say."""
        told = self.headers.get("retry-after")
        return None if told is None else float(told)


class Event(NamedTuple):
    """One server-sent event."""

    id: str
    name: str
    data: dict[str, Any]


class Api:
    """A caller of the service at `url`, with or without an API key."""

    def __init__(self, url: str, key: str = "") -> None:
        parts = urlsplit(url)
        secure = parts.scheme == "https"
        connection = HTTPSConnection if secure else HTTPConnection
        self._connection = connection(parts.netloc, timeout=ANSWER_SECONDS)
        self._base = parts.path.rstrip("/")
        self._own = {"authorization": f"Bearer {key}"} if key else {}

    def submit(self, ask: Ask, mark: str, *, wait_seconds: int = 0) -> Reply:
        """Post a job that must be made anew, whatever was made before.

        `mark` is its idempotency key, so that a request which is sent twice makes one job.
        """
        headers = {
            "content-type": "application/json",
            "cache-control": "no-cache",
            "idempotency-key": mark,
        }
        if wait_seconds:
            headers["prefer"] = f"wait={wait_seconds}"
        return self.ask("POST", f"/v1/{ask.kind}", body=ask.body.encode(), headers=headers)

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] = NO_HEADERS,
    ) -> Reply:
        """Send a request, once more if the connection had been closed meanwhile.

        Raises:
            OSError, HTTPException: if there is no answer.
        """
        try:
            return self._asked(method, path, body, headers)
        except (ConnectionError, HTTPException):
            self.close()
        return self._asked(method, path, body, headers)

    def events(self, job_id: str, after: str) -> Iterator[Event]:
        """Yield a job's events behind the one with the id `after`, as far as there are any now.

        Raises:
            LookupError: if there is no such job.
        """
        path = f"{self._base}/v1/jobs/{job_id}/events?after={after}"
        self._connection.request("GET", path, headers=self._own)
        with closing(self._connection.getresponse()) as answer:
            if answer.status not in (200, 204):
                raise LookupError(f"{path}: {answer.status} {answer.read()[:200]!r}")
            yield from _parsed(answer)
            if not answer.isclosed():  # there is more to come, which nobody waits for
                self.close()

    def close(self) -> None:
        """Hang up; the next request opens the connection again."""
        self._connection.close()

    def _asked(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Reply:
        self._connection.request(method, self._base + path, body, {**self._own, **headers})
        answer = self._connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, told, answer.read())


def _parsed(answer: HTTPResponse) -> Iterator[Event]:
    facts: dict[str, str] = {}
    for line in answer:
        if line.startswith(b":"):
            return  # a heartbeat: there is nothing more at present
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name:
            facts[name] = value
        else:
            if "event" in facts:
                yield Event(facts.get("id", ""), facts["event"], json.loads(facts["data"]))
            facts = {}
