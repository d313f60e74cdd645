from concurrent.futures import ThreadPoolExecutor

import pytest
from httpx2 import Client, Response

from tests.api.conftest import Post
from tests.api.player import Player
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


def test_deleted_job_is_not_replayed(http: Client, post: Post) -> None:
    first = post(KEY).json()
    http.delete(first["urls"]["self"])

    assert post(KEY).json()["id"] != first["id"]
