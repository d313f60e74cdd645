"""A caller who doesn't give up: every request is sent again until it is answered."""

import ssl
import time
from collections.abc import Callable
from typing import Any, TypeVar

from httpx2 import Client, HTTPError, Response

T = TypeVar("T")

_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used, and quicker to make than a default
_PAUSE_SECONDS = 0.05
PATIENCE_SECONDS = 60.0


class Caller:
    """Speaks to a gateway that may be gone for a while, and may have lost its Redis."""

    def __init__(self, url: str) -> None:
        self.http = Client(base_url=url, timeout=20, verify=_NO_TLS)

    def post(self, kind: str, key: str, **fields: Any) -> str:
        """Submit, however often it takes, as one job; return its address."""
        headers = {"Idempotency-Key": key, "Cache-Control": "no-cache"}
        answer = self._ask(lambda: self.http.post(f"/v1/{kind}", json=fields, headers=headers))
        location: str = answer.headers["location"]
        return location

    def get(self, url: str) -> Response:
        return self._ask(lambda: self.http.get(url))

    def wait_for_end(self, url: str) -> dict[str, Any]:
        """Long-poll until the job has ended, and return it."""
        while True:
            answer = self._ask(lambda: self.http.get(url, headers={"Prefer": "wait=15"}))
            job: dict[str, Any] = answer.json()
            if job["status"] in ("succeeded", "failed", "canceled", "expired"):
                return job

    def _ask(self, ask: Callable[[], Response]) -> Response:
        """Return the first answer that is none of the gateway's troubles."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = ask()
                if answer.status_code < 500:
                    assert answer.is_success, answer.text
                    return answer
                trouble = f"{answer.status_code} {answer.text}"
                assert answer.status_code == 503, trouble
            except HTTPError as error:
                trouble = repr(error)
            assert time.monotonic() < give_up, trouble
            time.sleep(_PAUSE_SECONDS)
