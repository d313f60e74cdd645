"""A client of a running service, as plain as can be: one keep-alive connection, JSON in and out."""

import json
from http.client import HTTPConnection
from typing import Any, TypeAlias
from urllib.parse import urlsplit

WAIT_SECONDS = 60

Body: TypeAlias = dict[str, Any]


class Service:
    """A service at an address such as `http://127.0.0.1:8000`."""

    def __init__(self, url: str) -> None:
        self._connection = HTTPConnection(urlsplit(url).netloc, timeout=4 * WAIT_SECONDS)

    def post(self, kind: str, body: Body) -> str:
        """Submit a job that must be made anew; return its address.

        Raises:
            RuntimeError: if it is refused.
        """
        headers = {"content-type": "application/json", "cache-control": "no-cache"}
        job = json.loads(self._ask("POST", f"/v1/{kind}", json.dumps(body), headers))
        address: str = job["urls"]["self"]
        return address

    def wait(self, address: str) -> Body:
        """Return a job once it has succeeded.

        Raises:
            RuntimeError: if it ends otherwise.
        """
        while True:
            job: Body = json.loads(
                self._ask("GET", address, None, {"prefer": f"wait={WAIT_SECONDS}"})
            )
            if job["status"] == "succeeded":
                return job
            if job["finished_at"] is not None:
                raise RuntimeError(f"{address} is {job['status']}: {job['error']}")

    def output(self, job: Body, number: int = 0) -> bytes:
        """Return one of a job's files."""
        return self._ask("GET", job["outputs"][number]["url"], None, {})

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> bytes:
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        data = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {data.decode()[:500]}")
        return data
