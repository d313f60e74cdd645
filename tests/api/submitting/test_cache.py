"""Requests that are answered with earlier results."""

from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version

import pytest
from httpx2 import Client, Response

from genart_core.jobs.blobs import BlobStore
from tests.api.conftest import Post
from tests.api.player import Player
from tests.support.gateway import RunningGateway, place_model
from tests.support.studio import picture, reference
from tests.support.waiting import wait_for
from worker.sweeper import sweep


@pytest.fixture
def maker(worker: Player) -> Player:
    """A worker of the gateway's own version."""
    return replace(worker, version=version("genart"))


@pytest.fixture
def model(gateway: RunningGateway) -> Iterator[str]:
    """A model of this test's own."""
    path = place_model(gateway.settings.home, "fleeting", licence="none")
    known = gateway.parts.overview.models
    wait_for(lambda: "fleeting" in known.names("text"), 8, "the model is known")
    yield "fleeting"
    path.unlink()


def made(post: Post, maker: Player, **fields: int | str) -> Response:
    """Return the answer to a request whose job has since been made."""
    answer = post(None, **fields)
    assert answer.status_code == 202, answer.text
    maker.make("a text")
    return answer


def test_same_request_with_a_seed_is_answered_at_once(
    http: Client, post: Post, maker: Player
) -> None:
    first = http.get(made(post, maker, seed=5).headers["location"]).json()

    answer = post(seed=5)

    second = answer.json()
    assert (answer.status_code, second["status"], second["cached"]) == (200, "succeeded", True)
    assert answer.headers["location"] == second["urls"]["self"] != first["urls"]["self"]
    assert "retry-after" not in answer.headers
    assert (first["cached"], second["result"]) == (False, first["result"])
    assert second["outputs"][0]["sha256"] == first["outputs"][0]["sha256"]
    assert http.get(second["outputs"][0]["url"]).text == "a text"
    assert second["metrics"] == {"queue_ms": 0, "execution_ms": None}
    assert second["progress"]["fraction"] == 1.0
    assert http.get(answer.headers["location"]).json() == second


def test_defaults_said_or_not_are_the_same_request(post: Post, maker: Player) -> None:
    made(post, maker, seed=5)

    assert post(seed=5, temperature=0.5, length=400).json()["cached"]
    assert not post(seed=5, temperature=0.6).json()["cached"]
    assert not post(seed=6).json()["cached"]


def test_request_without_a_seed_is_always_made(http: Client, post: Post, maker: Player) -> None:
    drawn = http.get(made(post, maker).headers["location"]).json()["request"]["seed"]

    assert post().status_code == 202
    assert post(seed=drawn).status_code == 202, "nobody asked for this seed"


@pytest.mark.parametrize(
    ("value", "is_read", "is_kept"),
    [
        ("no-cache", False, True),
        ("max-age=0, No-Cache", False, True),
        ("no-store", False, False),
        ("max-age=60", True, True),
        ("", True, True),
    ],
)
def test_cache_control_says_whether_results_are_read_and_kept(
    http: Client, post: Post, maker: Player, value: str, is_read: bool, is_kept: bool
) -> None:
    headers = {"Cache-Control": value}
    made(post, maker, seed=5)
    assert post(headers, seed=5).json()["cached"] is is_read

    post(headers, seed=7)
    while maker.table.members("ready"):
        maker.make("another text")
    assert post(seed=7).json()["cached"] is is_kept


def test_waiting_for_it_takes_no_time(post: Post, maker: Player) -> None:
    made(post, maker, seed=5)

    answer = post({"Prefer": "wait=20"}, seed=5)

    assert (answer.status_code, answer.json()["cached"]) == (200, True)
    assert answer.elapsed.total_seconds() < 15


def test_idempotency_key_replays_the_status_too(post: Post, maker: Player) -> None:
    made(post, maker, seed=5)
    key = {"Idempotency-Key": "k"}

    first, again = post(key, seed=5), post(key, seed=5)

    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["idempotency-replayed"] == "true"


def test_another_client_is_not_told(
    http: Client, stranger: Client, post: Post, maker: Player
) -> None:
    made(post, maker, seed=5)

    answer = stranger.post("/v1/text", json={"model": "tiny", "seed": 5})

    assert (answer.status_code, answer.json()["cached"]) == (202, False)


def test_other_version_of_the_program_makes_it_anew(post: Post, worker: Player) -> None:
    made(post, worker, seed=5)

    assert post(seed=5).status_code == 202


def test_other_weights_under_the_same_name_make_it_anew(
    gateway: RunningGateway, post: Post, maker: Player, model: str
) -> None:
    made(post, maker, seed=5, model=model)
    assert post(seed=5, model=model).json()["cached"]

    place_model(gateway.settings.home, model, licence="another")
    wait_for(
        lambda: not post(seed=5, model=model).json()["cached"], 8, "the new file has been noticed"
    )


def test_results_that_other_weights_gave_are_not_taken(post: Post, maker: Player) -> None:
    made(post, replace(maker, weights={"text/tiny": "0" * 64}), seed=5)

    assert post(seed=5).status_code == 202


def test_file_stays_though_the_job_that_made_it_is_deleted(
    gateway: RunningGateway, http: Client, post: Post, maker: Player
) -> None:
    first = made(post, maker, seed=5).headers["location"]
    second = post(seed=5).json()
    blobs = BlobStore(gateway.settings.blobs)

    http.delete(first)
    sweep(maker.table.redis, blobs, reaper="r1", keep=maker.table.keep)

    assert http.get(f"{first}/outputs/0").status_code == 404
    assert http.get(second["outputs"][0]["url"]).text == "a text"
    http.delete(second["urls"]["self"])
    sweep(maker.table.redis, blobs, reaper="r1", keep=maker.table.keep)
    job_id = first.rpartition("/")[2]
    assert not list((gateway.settings.home / "blobs").rglob(f"{job_id}.*"))


def test_answer_with_results_is_not_async(post: Post, maker: Player) -> None:
    made(post, maker, seed=5)

    answers = [post({"Prefer": prefer}, seed=5) for prefer in ("respond-async", "wait=5")]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert "preference-applied" not in answers[0].headers
    assert answers[1].headers["preference-applied"] == "wait=5"


def test_output_of_such_a_job_can_be_the_picture_of_another(
    caller: Client, painter: Player
) -> None:
    painter = replace(painter, version=version("genart"))

    def ask() -> Response:
        return caller.post("/v1/pictured", files={"image": picture(shade=90)}, data={"seed": "1"})

    ask()
    painter.finish(painter.take("pictured"), picture(shade=91), media_type="image/png")
    again = ask().json()

    answer = caller.post("/v1/pictured", json={"image": f"job:{again['id']}/0"})

    assert again["cached"]
    assert answer.json()["request"]["image"] == reference(picture(shade=91))
