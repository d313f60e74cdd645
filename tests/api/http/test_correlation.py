"""What ties a request to its job: its id and its trace, in the record and in the log."""

import json
import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from httpx2 import Client
from redis import Redis

from genart_core import logs
from tests.api.conftest import Post
from tests.support.gateway import RunningGateway, place_model, running_gateway
from tests.support.table import Table
from tests.support.waiting import wait_for

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.fixture(scope="module")
def telling_gateway(
    redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    home = tmp_path_factory.mktemp("gateway")
    place_model(home, "tiny")
    with running_gateway(redis_url, home, access_log="on") as gateway:
        yield gateway


@pytest.fixture
def told(
    telling_gateway: RunningGateway, redis: Redis, caplog: pytest.LogCaptureFixture
) -> Iterator[Client]:
    """A client of a gateway that logs its answers as JSON."""
    caplog.handler.setFormatter(logs.formatter("json"))
    with (
        Client(base_url=telling_gateway.url, timeout=20) as client,
        caplog.at_level(logging.INFO, logger="api.access"),
    ):
        yield client


def lines(caplog: pytest.LogCaptureFixture, count: int) -> list[dict[str, Any]]:
    """Return so many answers of the log, as soon as they are there."""

    def found() -> list[dict[str, Any]]:
        objects = [json.loads(line) for line in caplog.text.splitlines()]
        return [one for one in objects if one["logger"] == "api.access"]

    wait_for(lambda: len(found()) >= count, 30, "the answers are logged")
    return found()


def test_job_carries_its_request_and_trace(post: Post, table: Table) -> None:
    answer = post({"X-Request-Id": "order-66", "traceparent": PARENT})

    job = table.job(answer.json()["id"])
    assert (job.request_id, job.trace) == ("order-66", PARENT)
    assert "request_id" not in answer.json()


@pytest.mark.parametrize("sent", ["", "nonsense", f"00-{'0' * 32}-00f067aa0ba902b7-01"])
def test_malformed_traceparent_is_not_carried(post: Post, table: Table, sent: str) -> None:
    answer = post({"traceparent": sent})

    job = table.job(answer.json()["id"])
    assert (job.request_id, job.trace) == (answer.headers["x-request-id"], "")


def test_every_job_of_a_batch_carries_its_request(http: Client, table: Table) -> None:
    item = {"kind": "text", "request": {"model": "tiny"}}
    sent = {"X-Request-Id": "all", "traceparent": PARENT}
    answer = http.post("/v1/batch", json={"jobs": [item, item]}, headers=sent)

    jobs = [table.job(one["job"]["id"]) for one in answer.json()["results"]]
    assert [(job.request_id, job.trace) for job in jobs] == [("all", PARENT)] * 2


def test_answer_is_a_line_with_its_request_job_and_client(
    told: Client, caplog: pytest.LogCaptureFixture
) -> None:
    sent = {"X-Request-Id": "order-66", "traceparent": PARENT}
    made = told.post("/v1/text?tag=secret", json={"model": "tiny"}, headers=sent)
    url = made.headers["location"]
    told.get(url)
    told.get("/nowhere%0Aforged")

    first, second, third = lines(caplog, 3)
    assert first["message"] == "POST /v1/text"
    assert (first["status"], first["request_id"], first["trace_id"]) == (202, "order-66", TRACE)
    assert (first["job_id"], first["kind"]) == (made.json()["id"], "text")
    assert first["client"] == second["client"] == logs.pseudonym("127.0.0.1")
    assert 0 < first["duration_ms"] < 20_000
    assert (second["message"], second["job_id"]) == (f"GET {url}", made.json()["id"])
    assert second["request_id"] != "order-66"
    assert "kind" not in second
    assert (third["message"], third["status"]) == ("GET /nowhere%0Aforged", 404)
    assert "secret" not in caplog.text


def test_probes_and_scrapes_are_no_lines(told: Client, caplog: pytest.LogCaptureFixture) -> None:
    for path in ("/livez", "/readyz", "/metrics", "/v1/models"):
        told.get(path)

    (line,) = lines(caplog, 1)
    assert line["message"] == "GET /v1/models"


def test_answers_are_no_lines_unless_wanted(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, logger="api.access"):
        post()

    assert [record for record in caplog.records if record.name == "api.access"] == []


@pytest.mark.parametrize(
    ("form", "choice", "is_logged"),
    [
        ("text", "auto", False),
        ("json", "auto", True),
        ("text", "on", True),
        ("json", "off", False),
    ],
)
def test_answers_are_lines_where_programs_read_them(
    form: str, choice: str, is_logged: bool, gateway: RunningGateway
) -> None:
    settings = gateway.settings.model_copy(update={"log_format": form, "access_log": choice})

    assert settings.logs_access is is_logged


def test_what_is_no_request_has_an_id_too(gateway: RunningGateway) -> None:
    with socket.create_connection((gateway.host, gateway.port), 5) as peer:
        peer.sendall(b"NONSENSE\r\n\r\n")
        answer = b"".join(iter(lambda: peer.recv(4096), b""))

    head, _, body = answer.partition(b"\r\n\r\n")
    problem = json.loads(body)
    assert problem["code"] == "malformed_http"
    assert f"x-request-id: {problem['request_id']}".encode() in head
