"""HEAD: what can be read by GET can be asked after without its content (RFC 9110, 9.3.2)."""

import socket
from collections.abc import Callable

import pytest
from httpx2 import Client

from tests.api.player import Player
from tests.support.gateway import RunningGateway

Queued = Callable[[], str]

_OWN = {"date", "x-request-id"}  # of each answer
_MOVING = {"/metrics": {"content-length"}, "/readyz": {"content-length"}}


def addresses(http: Client, job: str) -> list[str]:
    """All that the document says can be read, with a job's id and what it has."""
    named = {"{job_id}": job.rpartition("/")[2], "{number}": "0", "{code}": "gone"}
    found = []
    for path, operations in http.get("/openapi.json").json()["paths"].items():
        if "get" in operations:
            for name, value in named.items():
                path = path.replace(name, value)
            found.append(path.replace("{name}", "tiny").replace("{sha256}", "0" * 64))
    return found


def test_head_tells_of_every_address_what_get_does(
    http: Client, queued: Queued, worker: Player
) -> None:
    job = queued()
    worker.finish(worker.take(), "first", "second")
    paths = addresses(http, job)

    answers = {path: (http.head(path), http.get(path)) for path in (*paths, "/openapi.json", "/")}

    assert {"/livez", "/readyz", "/metrics", "/v1/jobs", f"{job}/events"} <= set(answers)
    for path, (head, get) in answers.items():
        ignored = _OWN | _MOVING.get(path, set()) | {"transfer-encoding"}
        assert (path, head.status_code, head.content) == (path, get.status_code, b"")
        assert [item for item in head.headers.items() if item[0] not in ignored] == [
            item for item in get.headers.items() if item[0] not in ignored
        ]


@pytest.mark.parametrize("part", ["bytes=1-2", "bytes=99-"])
def test_head_ignores_ranges(http: Client, queued: Queued, worker: Player, part: str) -> None:
    path = f"{queued()}/outputs/0"
    worker.finish(worker.take(), "first")

    answer = http.head(path, headers={"Range": part})

    assert (answer.status_code, answer.headers["content-length"]) == (200, "5")
    assert "content-range" not in answer.headers


def test_head_of_a_stream_does_not_wait_for_its_events(
    gateway: RunningGateway, http: Client, queued: Queued
) -> None:
    request = f"HEAD {queued()}/events HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection((gateway.host, gateway.port), timeout=5) as peer:
        for _ in range(2):  # and the connection stays of use
            peer.sendall(request.encode())
            answer = peer.recv(65536)

            assert answer.startswith(b"HTTP/1.1 200 ")
            assert b"text/event-stream" in answer
            assert answer.endswith(b"\r\n\r\n")
    assert "genart_http_streams 0.0" in http.get("/metrics?part=process").text


def test_head_is_counted_as_such_at_its_route(http: Client, queued: Queued) -> None:
    http.head(queued())

    line = 'genart_http_requests_total{method="HEAD",route="/v1/jobs/{job_id}",status="200"}'
    assert line in http.get("/metrics?part=process").text


@pytest.mark.parametrize("path", ["/v1/text", "/v1/jobs/cancel"])
def test_head_of_what_only_takes_is_refused(http: Client, path: str) -> None:
    answer = http.head(path)

    assert (answer.status_code, answer.headers["allow"], answer.content) == (405, "POST", b"")


def test_the_document_says_each_address_once(http: Client) -> None:
    paths = http.get("/openapi.json").json()["paths"]

    assert not [path for path, operations in paths.items() if "head" in operations]
