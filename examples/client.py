"""A client of the service in one file that needs nothing but Python.

    python -m examples.client text '{"prompt": "night ", "seed": 1}' [--url http://127.0.0.1:8000]

submits, follows and writes what was made into this folder. As a module it is `Service`: every
request is sent again until it is answered, without anything being made twice.
"""

import argparse
import base64
import http.client
import json
import os
import random
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

Job: TypeAlias = dict[str, Any]

PATIENCE_SECONDS = 120.0  # after which a request that finds nobody is given up
WAIT_SECONDS = 30  # how long one long poll may take
READ_SECONDS = 60.0  # longer than a poll, and than the pause between two signs of life
BUSY = (429, 502, 503, 504)
SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp", "image/gif": ".gif"}


class ProblemError(Exception):
    """The service refused a request (RFC 9457); `code` is stable, `problem` all that it said."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status, self.problem = status, problem
        self.code = str(problem.get("code", ""))
        super().__init__(f"{status} {self.code}: {problem.get('detail', '')}")


class JobError(Exception):
    """A job ended as something else than succeeded."""


@dataclass(frozen=True)
class Event:
    """One event of a job's life."""

    name: str
    data: dict[str, Any]


class Service:
    """A service at an address such as `http://127.0.0.1:8000`."""

    def __init__(self, url: str, key: str = "") -> None:
        self._url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def submit(self, kind: str, request: Mapping[str, Any], **options: object) -> Job:
        """Submit once, however often it has to be sent; `options` are its parameters.

        Raises:
            ProblemError: if it is refused.
        """
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())}
        query = f"?{urlencode(options, doseq=True)}" if options else ""
        return self._json("POST", f"/v1/{kind}{query}", json.dumps(request).encode(), headers)

    def wait(self, job: Job) -> Job:
        """Return a job when it has succeeded.

        Raises:
            JobError: if it ended otherwise.
        """
        while job["finished_at"] is None:
            job = self._json("GET", job["urls"]["self"], None, {"Prefer": f"wait={WAIT_SECONDS}"})
        if job["status"] != "succeeded":
            raise JobError(f"{job['id']} {job['status']}: {job['error']}")
        return job

    def follow(self, job: Job) -> Iterator[Event]:
        """Yield a job's events as they come, to the last; a lost connection is taken up again."""
        last, give_up = "", time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                with self._open("GET", job["urls"]["events"], None, _place(last)) as answer:
                    if answer.status == 204:
                        return
                    for name, data, event_id in _events(answer):
                        last = event_id or last
                        yield Event(name, data)
                        if name == "done":
                            return
                        give_up = time.monotonic() + PATIENCE_SECONDS
            except (OSError, http.client.HTTPException):
                if time.monotonic() > give_up:
                    raise
            time.sleep(1 + random.random())

    def fetch(self, job: Job, number: int = 0) -> bytes:
        """Return one of a job's files."""
        with self._open("GET", job["outputs"][number]["url"], None, {}) as answer:
            data: bytes = answer.read()
        return data

    def cancel(self, job: Job) -> Job:
        """Cancel a job; return it as it is then."""
        return self._json("POST", job["urls"]["cancel"], b"", {})

    def _json(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        with self._open(method, path, body, headers) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def _open(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        """Return the answer to a request, which is sent again while there is nobody or no room."""
        asked = {**self._headers, **headers}
        give_up, pause = time.monotonic() + PATIENCE_SECONDS, 0.5
        while True:
            request = Request(self._url + path, body, asked, method=method)  # noqa: S310  http(s)
            try:
                answer: http.client.HTTPResponse = urlopen(request, timeout=READ_SECONDS)  # noqa: S310
                return answer
            except HTTPError as error:
                if error.code not in BUSY or time.monotonic() > give_up:
                    raise ProblemError(error.code, _problem(error)) from None
                pause = float(error.headers.get("Retry-After", pause))
            except (OSError, http.client.HTTPException):
                if time.monotonic() > give_up:
                    raise
            time.sleep(pause * (1 + random.random() / 4))  # not all at once with everybody else
            pause = min(pause * 2, 8.0)


def picture(path: str | Path) -> str:
    """Return a picture's file as a request names it."""
    data = base64.b64encode(Path(path).read_bytes()).decode()
    return f"data:image/{Path(path).suffix[1:].lower().replace('jpg', 'jpeg')};base64,{data}"


def _place(last: str) -> dict[str, str]:
    return {"Last-Event-ID": last} if last else {}


def _events(lines: Iterator[bytes]) -> Iterator[tuple[str, dict[str, Any], str]]:
    """Yield name, data and id of each event of a stream; comments are signs of life."""
    facts: dict[str, str] = {}
    for line in lines:
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name in ("event", "data", "id"):
            facts[name] = value
        elif not name and "data" in facts:
            yield facts["event"], json.loads(facts["data"]), facts.get("id", "")
            facts = {}


def _problem(error: HTTPError) -> dict[str, Any]:
    try:
        said = json.loads(error.read())
    except ValueError:
        return {"detail": error.reason}
    return said if isinstance(said, dict) else {"detail": str(said)}


def main() -> None:
    """Submit one request, tell how far it is, and write its files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind")
    parser.add_argument("request", type=json.loads, nargs="?", default={})
    parser.add_argument("--url", default=os.environ.get("GENART_URL", "http://127.0.0.1:8000"))
    asked = parser.parse_args()
    service = Service(asked.url, os.environ.get("GENART_KEY", ""))
    job = service.submit(asked.kind, asked.request)
    for event in service.follow(job):
        if event.name == "progress":
            print(f"\r{event.data['step']} of {event.data['total']}", end="", flush=True)
    job = service.wait(job)
    print()
    for number, output in enumerate(job["outputs"]):
        suffix = SUFFIXES.get(output["media_type"], ".txt")
        file = Path(f"{job['kind']}-{job['id']}-{number}{suffix}")
        file.write_bytes(service.fetch(job, number))
        print(file)


if __name__ == "__main__":
    main()
