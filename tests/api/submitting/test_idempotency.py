from concurrent.futures import ThreadPoolExecutor

import pytest
from httpx2 import Client, Response

from tests.api.conftest import Post
from tests.api.player import Player, when_somebody_waits
from tests.support.gateway import RunningGateway
from tests.support.table import Table

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


def test_same_key_and_request_replays_the_job_as_it_is_now(post: Post, worker: Player) -> None:
    first = post(KEY, prompt="a")
    worker.make("text")
    again = post(KEY, prompt="a")

    assert (again.status_code, again.headers["location"]) == (202, first.headers["location"])
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert again.json()["id"] == first.json()["id"]
    assert again.json()["status"] == "succeeded"
    assert again.json()["request"]["seed"] == first.json()["request"]["seed"]


def test_replay_of_an_ended_job_with_wait_is_answered_200(post: Post, worker: Player) -> None:
    post(KEY)
    worker.make()

    assert post({**KEY, "Prefer": "wait=5"}).status_code == 200


def test_defaults_left_out_or_said_are_the_same_request(post: Post) -> None:
    first = post(KEY)
    again = post(KEY, length=400, prompt="", seed=None)

    assert again.json()["id"] == first.json()["id"]


@pytest.mark.parametrize("change", [{"prompt": "b"}, {"seed": 7}, {"model": "nietzsche"}])
def test_same_key_with_another_request_is_refused(
    post: Post, table: Table, change: dict[str, object]
) -> None:
    post(KEY, prompt="a")
    refused = post(KEY, **{"prompt": "a", **change})

    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_conflict")
    assert table.survey().ready["text"][0] == 1


def test_key_is_taken_bare_or_quoted(post: Post) -> None:
    bare = post({"Idempotency-Key": 'a"b\\c'})
    quoted = post({"Idempotency-Key": '"a\\"b\\\\c"'})

    assert quoted.json()["id"] == bare.json()["id"]


@pytest.mark.parametrize("key", ["", '""', "x" * 256, b"\xe9", b"a\tb"])
def test_impossible_key_is_refused(post: Post, key: str) -> None:
    answer = post({"Idempotency-Key": key})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_header")
    assert answer.json()["errors"][0]["header"] == "Idempotency-Key"


def test_keys_belong_to_one_client(stranger: Client, post: Post) -> None:
    mine = post(KEY).json()["id"]
    theirs = stranger.post("/v1/text", json={"model": "tiny"}, headers=KEY)

    assert theirs.status_code == 202
    assert theirs.json()["id"] != mine


def test_requests_with_one_key_at_the_same_time_make_one_job(post: Post, table: Table) -> None:
    def submit(_: int) -> Response:
        return post(KEY)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(submit, range(24)))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert table.survey().ready["text"][0] == 1


@pytest.mark.parametrize("other", ["priority=high", "tag=a", "finish_within=9", ""])
def test_same_key_with_other_options_is_refused(http: Client, other: str) -> None:
    url, body = "/v1/text?priority=low&tag=b", {"model": "tiny"}
    first = http.post(url, json=body, headers=KEY)

    assert http.post(f"/v1/text?{other}", json=body, headers=KEY).status_code == 422
    again = http.post("/v1/text?tag=b&priority=low", json=body, headers=KEY)
    assert again.json()["id"] == first.json()["id"]


def test_replay_comes_while_the_first_caller_still_waits(
    gateway: RunningGateway, post: Post, worker: Player
) -> None:
    replays = []

    def work() -> None:
        replays.append(post(KEY))
        worker.make()

    thread = when_somebody_waits(gateway, work)
    first = post({**KEY, "Prefer": "wait=30"})
    thread.join()

    assert (replays[0].status_code, replays[0].json()["status"]) == (202, "queued")
    assert replays[0].json()["id"] == first.json()["id"]


def test_key_of_a_job_that_is_past_its_time_makes_nothing_twice(
    http: Client, post: Post, worker: Player, table: Table
) -> None:
    first = post(KEY).json()
    worker.make()
    table.redis.delete(f"genart:job:{first['id']}")  # what its expiry does

    answer = post(KEY)
    assert (answer.status_code, answer.json()["code"]) == (410, "gone")
    assert http.get(first["urls"]["self"]).status_code == 410


def test_deleted_job_is_not_replayed(http: Client, post: Post) -> None:
    first = post(KEY).json()
    http.delete(first["urls"]["self"])

    assert post(KEY).json()["id"] != first["id"]
