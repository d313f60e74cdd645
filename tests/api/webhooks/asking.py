"""What tests of webhooks ask, and what they are told."""

import ssl
from typing import Any

from httpx2 import Client

from tests.support.receiver import Receiver
from tests.support.waiting import wait_for

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used


def post(http: Client, url: str, kind: str = "text", **parameters: Any) -> dict[str, Any]:
    answer = http.post(
        f"/v1/{kind}", params={"webhook": url, **parameters}, json={"model": "tiny", "seed": 7}
    )
    assert answer.status_code in (200, 202), answer.text
    job: dict[str, Any] = answer.json()
    return job


def told(receiver: Receiver, messages: int = 1) -> Any:
    """Return what the newest of so many messages says, which is genuine."""
    wait_for(lambda: len(receiver.messages) >= messages, 30, "it is told")
    assert len(receiver.messages) == messages
    assert receiver.messages[-1].verified is not None
    return receiver.messages[-1].verified


def delivery(http: Client, job: dict[str, Any], status: str, attempts: int = 1) -> dict[str, Any]:
    """Return what the log says of a job's webhook, once it says so."""

    def look() -> dict[str, Any] | None:
        hooks = http.get(f"{job['urls']['self']}/webhooks").json()["webhooks"]
        is_there = hooks and (hooks[0]["status"], len(hooks[0]["attempts"])) == (status, attempts)
        return dict(hooks[0]) if is_there else None

    found = wait_for(look, 30, f"it is {status}")
    assert found is not None
    return found


def outcomes(http: Client) -> dict[str, float]:
    """Return how many attempts have had each outcome so far."""
    prefix = 'genart_webhooks_total{outcome="'
    lines = [line for line in http.get("/metrics").text.splitlines() if line.startswith(prefix)]
    return {
        line.removeprefix(prefix).partition('"')[0]: float(line.rpartition(" ")[2])
        for line in lines
    }
