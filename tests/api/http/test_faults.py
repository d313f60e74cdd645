import json
import logging

import pytest
from httpx2 import Client

from genart_core import logs
from tests.api.conftest import Post
from tests.support.gateway import RunningGateway
from tests.support.waiting import wait_for


def test_fault_of_ours_is_a_problem_that_gives_nothing_away(
    gateway: RunningGateway,
    http: Client,
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(gateway.parts, "overview", "secret")
    caplog.handler.setFormatter(logs.formatter("json"))
    with caplog.at_level(logging.ERROR):
        answer = post({"X-Request-Id": "abc"})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (500, "internal")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-request-id"] == problem["request_id"] == "abc"
    assert "secret" not in answer.text
    assert "AttributeError" not in answer.text
    wait_for(lambda: "AttributeError" in caplog.text, 30, "the server has logged the traceback")
    lines = [json.loads(line) for line in caplog.text.splitlines()]
    assert [line["request_id"] for line in lines] == ["abc", "abc"]
    assert http.get("/livez").status_code == 200


def test_problem_names_the_request(http: Client) -> None:
    answer = http.get("/nowhere")

    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert answer.json()["instance"] == "/nowhere"


def test_problem_names_the_address_as_one_may_be_written(http: Client) -> None:
    answer = http.get("/v1/jobs/a%00%20b%C3%A9")

    assert answer.json()["instance"] == "/v1/jobs/a%00%20b%C3%A9"
