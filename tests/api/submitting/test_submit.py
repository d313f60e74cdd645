import re
import time
from datetime import UTC, datetime

import pytest
from httpx2 import Client

from api.answers.representation import JobView
from genart_core.jobs import upkeep
from genart_core.request import MAX_SEED
from tests.api.conftest import Post
from tests.api.player import Player, when_somebody_waits
from tests.support.gateway import RunningGateway, place_model
from tests.support.table import Table
from tests.support.waiting import wait_for


def test_post_is_answered_202_with_the_whole_job_and_its_address(http: Client, post: Post) -> None:
    answer = post(prompt="the preface ")

    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == job["urls"]["self"] == f"/v1/jobs/{job['id']}"
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.headers["etag"] == '"v1"'
    assert http.get(answer.headers["location"]).json() == job


def test_job_has_exactly_the_documented_members(http: Client, post: Post, worker: Player) -> None:
    waiting = post().json()
    worker.make("one", "two")
    ended = http.get(waiting["urls"]["self"]).json()

    for job in (waiting, ended):
        assert list(job) == list(JobView.model_fields)
        assert JobView.model_validate(job).id == job["id"]
        for member, field in (("progress", "progress"), ("metrics", "metrics"), ("urls", "urls")):
            nested = JobView.model_fields[field].annotation
            assert nested is not None
            assert list(job[member]) == list(nested.model_fields)
    assert list(ended["outputs"][0]) == [
        *("url", "media_type", "bytes", "sha256", "width", "height"),
    ]


def test_new_job_waits_at_its_place(post: Post) -> None:
    first, second = post().json(), post().json()

    assert (first["status"], first["attempt"], first["cached"]) == ("queued", 0, False)
    assert (first["queue_position"], second["queue_position"]) == (0, 1)
    assert first["started_at"] is first["finished_at"] is first["result"] is first["error"] is None
    assert first["metrics"] == {"queue_ms": None, "execution_ms": None}
    assert first["progress"] == {"step": 0, "total": 0, "fraction": 0.0}


def test_times_are_rfc3339_in_utc_with_milliseconds(post: Post) -> None:
    created = post().json()["created_at"]

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", created)
    age = datetime.now(UTC) - datetime.fromisoformat(created)
    assert abs(age.total_seconds()) < 30


def test_seed_is_drawn_when_left_out_and_echoed(post: Post) -> None:
    seeds = [post().json()["request"]["seed"] for _ in range(3)]

    assert len(set(seeds)) == 3
    assert all(0 <= seed <= MAX_SEED for seed in seeds)


@pytest.mark.parametrize("seed", [0, 1, MAX_SEED])
def test_given_seed_is_kept(post: Post, seed: int) -> None:
    assert post(seed=seed).json()["request"]["seed"] == seed


def test_empty_object_is_a_valid_request(http: Client) -> None:
    answer = http.post("/v1/text", json={})

    assert answer.status_code == 202
    request = answer.json()["request"]
    assert (request["model"], request["length"], request["prompt"]) == ("nietzsche", 400, "")


def test_worker_gets_the_very_request_that_was_echoed(post: Post, worker: Player) -> None:
    job = post(prompt="grüß dich \x00 日本", temperature=1, length=7).json()

    taken = worker.take()

    assert taken.request == job["request"]
    assert taken.request["prompt"] == "grüß dich \x00 日本"
    assert taken.batch_key == "tiny"


def test_wait_is_answered_200_as_soon_as_the_job_ends(
    gateway: RunningGateway, post: Post, worker: Player
) -> None:
    thread = when_somebody_waits(gateway, worker.make)
    began = time.monotonic()
    answer = post({"Prefer": "wait=30"})
    thread.join()

    assert time.monotonic() - began < 25
    assert answer.status_code == 200
    assert answer.headers["preference-applied"] == "wait=30"
    assert "retry-after" not in answer.headers
    assert answer.json()["status"] == "succeeded"
    gateway.rest()


def test_wait_that_is_too_short_is_answered_202(post: Post) -> None:
    began = time.monotonic()
    answer = post({"Prefer": "respond-async, wait=1"})

    assert time.monotonic() - began > 0.9
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert answer.headers["location"]
    assert answer.headers["preference-applied"] == "respond-async, wait=1"


def test_job_that_is_deleted_while_its_submit_waits_is_gone(
    gateway: RunningGateway, post: Post, table: Table
) -> None:
    thread = when_somebody_waits(gateway, lambda: table.delete(table.line()[0]))
    answer = post({"Prefer": "wait=30"})
    thread.join()

    assert (answer.status_code, answer.json()["code"]) == (410, "gone")
    gateway.rest()


def test_answer_that_came_after_the_end_was_not_async(
    gateway: RunningGateway, post: Post, worker: Player
) -> None:
    thread = when_somebody_waits(gateway, worker.make)
    answer = post({"Prefer": "respond-async, wait=30"})
    thread.join()

    assert (answer.status_code, answer.headers["preference-applied"]) == (200, "wait=30")


@pytest.mark.parametrize("prefer", ["respond-async", "wait=0", "Respond-Async, wait=0"])
def test_preference_for_an_answer_at_once_is_heeded(post: Post, prefer: str) -> None:
    answer = post({"Prefer": prefer})

    assert (answer.status_code, answer.headers["preference-applied"]) == (202, prefer.lower())


@pytest.mark.parametrize(
    "prefer",
    ["", "wait", "wait=", "wait=x", "wait=-1", "wait=1.5", ";;=", "return=minimal"],
)
def test_preference_that_cannot_be_read_is_ignored(post: Post, prefer: str) -> None:
    answer = post({"Prefer": prefer})

    assert answer.status_code == 202
    assert "preference-applied" not in answer.headers


def test_wait_is_capped_at_a_minute(gateway: RunningGateway, post: Post, worker: Player) -> None:
    thread = when_somebody_waits(gateway, worker.make)
    answer = post({"Prefer": "wait=99999999999999999999"})
    thread.join()

    assert answer.headers["preference-applied"] == "wait=60"


def test_unknown_model_is_told_the_known_ones(post: Post, table: Table) -> None:
    answer = post(model="nietzche")

    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "unknown_model"
    assert {"nietzsche", "tiny"} <= set(problem["known"])
    assert problem["errors"][0]["pointer"] == "/model"
    assert table.survey().ready["text"][0] == 0


def test_public_model_that_is_not_pulled_is_told_with_its_command(
    http: Client, table: Table
) -> None:
    answer = http.post("/v1/dream", json={"model": "vgg19"})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "model_not_pulled")
    assert "genart models pull vgg19" in problem["detail"]
    assert table.stored_ids() == []


def test_model_is_usable_as_soon_as_its_file_lies_there(
    gateway: RunningGateway, post: Post
) -> None:
    assert post(model="late").status_code == 422
    path = place_model(gateway.settings.home, "late")
    try:
        wait_for(lambda: post(model="late").status_code == 202, 30, "the model is known")
    finally:
        path.unlink()


def test_model_that_only_a_worker_holds_is_usable(post: Post, table: Table) -> None:
    table.send(upkeep.announce("w", {"models": {"text/remote": "0" * 64}}))

    wait_for(lambda: post(model="remote").status_code == 202, 30, "the model is known")


def test_whole_number_is_an_integer_however_it_is_written(http: Client) -> None:
    body = b'{"model": "tiny", "length": 42.0, "seed": 7e0, "top_k": null, "temperature": 1}'
    answer = http.post("/v1/text", content=body, headers={"Content-Type": "application/json"})

    request = answer.json()["request"]
    assert answer.status_code == 202
    assert (request["length"], request["seed"]) == (42, 7)


@pytest.mark.parametrize("value", [b"NaN", b"1e400", b"4.5", b"1e17"])
def test_what_is_no_integer_stays_none_beside_a_whole_number(http: Client, value: bytes) -> None:
    body = b'{"model": "tiny", "length": 42.0, "seed": ' + value + b"}"
    answer = http.post("/v1/text", content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert [each["pointer"] for each in answer.json()["errors"]] == ["/seed"]
