"""Admission: quotas, the queue's cap, and a gateway that is going."""

from collections.abc import Iterator

import pytest
from httpx2 import Client
from redis import Redis

from api.engine.overview import Overview
from genart_core.jobs import upkeep
from tests.api.player import Player
from tests.support.gateway import RunningGateway, place_model, running_gateway
from tests.support.table import Table


@pytest.fixture(scope="module")
def narrow_gateway(
    redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    home = tmp_path_factory.mktemp("narrow")
    place_model(home, "tiny")
    limits = {"active_jobs_per_client": 2, "queue_cap": 3}
    with running_gateway(redis_url, home, **limits) as gateway:
        yield gateway


@pytest.fixture
def gateway(narrow_gateway: RunningGateway, redis: Redis) -> RunningGateway:
    return narrow_gateway


BODY = {"model": "tiny"}


def test_client_above_its_quota_gets_429_until_a_job_ends(http: Client, worker: Player) -> None:
    for _ in range(2):
        assert http.post("/v1/text", json=BODY).status_code == 202
    refused = http.post("/v1/text", json=BODY)

    assert (refused.status_code, refused.json()["code"]) == (429, "quota_exceeded")
    assert 1 <= int(refused.headers["retry-after"]) <= 60

    worker.make()
    assert http.post("/v1/text", json=BODY).status_code == 202


def test_full_queue_answers_503_until_a_job_is_taken(
    http: Client, stranger: Client, table: Table
) -> None:
    for client in (http, http, stranger):
        assert client.post("/v1/text", json=BODY).status_code == 202
    refused = stranger.post("/v1/text", json=BODY)

    assert (refused.status_code, refused.json()["code"]) == (503, "queue_full")
    assert 1 <= int(refused.headers["retry-after"]) <= 60

    table.take()
    assert stranger.post("/v1/text", json=BODY).status_code == 202


def test_retry_after_follows_the_rate_at_which_jobs_end(gateway: RunningGateway) -> None:
    overview = gateway.parts.overview
    survey = upkeep.Survey({"text": (100, 0)}, 0, 0, ({"id": "w"},), {("text", "succeeded"): 50})
    overview.survey = survey
    now = 1000.0
    overview._endings.clear()
    overview._endings.extend([(now, 10), (now + 20, 50)])  # 2 jobs/s

    assert overview.seconds_until_room() == 1
    assert overview.seconds_until_quota(100) == 1
    assert overview.seconds_until_quota(10) == 5
    overview._endings.clear()


def test_retry_after_is_short_while_all_jobs_are_being_made(gateway: RunningGateway) -> None:
    overview, ended = gateway.parts.overview, {("text", "succeeded"): 50}
    now = 1000.0
    overview._endings.clear()
    overview._endings.extend([(now, 49), (now + 30, 50)])  # there was little to do

    overview.survey = upkeep.Survey({"text": (0, 0)}, 3, 0, ({"id": "w"},), ended)
    assert overview.seconds_until_quota(3) == 5
    overview.survey = upkeep.Survey({"text": (3, 0)}, 3, 0, ({"id": "w"},), ended)
    assert overview.seconds_until_quota(3) == 60
    overview._endings.clear()


def test_pace_is_that_of_times_in_which_jobs_waited(gateway: RunningGateway) -> None:
    overview = Overview(gateway.parts.redis, gateway.settings.home, {})
    waiting_and_ended = [(0, 0), (0, 1), (5, 2), (5, 12), (5, 22), (0, 24)]

    for second, (waiting, ended) in enumerate(waiting_and_ended):
        outcomes = {("text", "succeeded"): ended}
        overview._note(upkeep.Survey({"text": (waiting, 0)}, 0, 0, (), outcomes), float(second))

    assert overview.ending_ms == 100.0


def test_draining_gateway_takes_no_work_and_is_not_ready(
    redis: Redis, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("draining")
    place_model(home, "tiny")
    with running_gateway(redis_url, home) as gateway, Client(base_url=gateway.url) as http:
        job = http.post("/v1/text", json=BODY).json()
        gateway.parts.is_draining = True

        for answer in (http.post("/v1/text", json=BODY), http.get("/readyz")):
            assert (answer.status_code, answer.json()["code"]) == (503, "draining")
            assert int(answer.headers["retry-after"]) >= 1
        assert http.get("/livez").status_code == 200
        assert http.get(job["urls"]["self"]).status_code == 200
