"""What one key may do, and how it is told."""

import re
import time
from collections.abc import Iterator
from importlib.metadata import version

import pytest
from httpx2 import Client, Response
from redis import Redis

from genart_core.jobs.blobs import BlobStore
from tests.api.player import Player
from tests.support.gateway import RunningGateway
from tests.support.keys import bearer, forget_keys, make_key
from tests.support.studio import form, padded, part, post_form, running_studio
from tests.support.table import Table
from tests.support.waiting import wait_for

SETTINGS = {"access": "keys", "active_jobs_per_client": 50, "queue_bytes_per_client": 1000}


@pytest.fixture(scope="module")
def keyed_studio(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with running_studio(url, tmp_path_factory.mktemp("quota"), **SETTINGS) as gateway:
        yield gateway


@pytest.fixture
def gateway(keyed_studio: RunningGateway, redis: Redis) -> RunningGateway:
    forget_keys(keyed_studio)
    return keyed_studio


@pytest.fixture
def maker(gateway: RunningGateway, redis: Redis) -> Player:
    """A worker of the gateway's own version."""
    return Player(Table(redis), BlobStore(gateway.settings.blobs), version("genart"))


def submit(http: Client, key: str, **fields: object) -> Response:
    return http.post("/v1/steps", json={"seed": 1, **fields}, headers=bearer(key))


def read(field: str) -> dict[str, dict[str, str]]:
    """Read a structured list of strings with parameters (RFC 9651), as far as we write them."""
    item = r'"[a-z]+"(;[a-z]+=("[a-z-]+"|\d+))*'
    assert re.fullmatch(f"{item}(, {item})*", field), field
    found = {}
    for item in field.split(", "):
        name, *parameters = item.split(";")
        found[name.strip('"')] = dict(p.split("=") for p in parameters)
    return found


def test_every_submit_tells_limits_and_what_is_left_of_them(http: Client, redis: Redis) -> None:
    key = make_key(redis, submits_per_minute=600)
    answers = [submit(http, key) for _ in range(2)]

    assert read(answers[0].headers["ratelimit-policy"]) == {
        "jobs": {"q": "50", "qu": '"concurrent-requests"'},
        "bytes": {"q": "1000", "qu": '"content-bytes"'},
        "submits": {"q": "600", "w": "60"},
    }
    left = [read(answer.headers["ratelimit"]) for answer in answers]
    assert [one["jobs"]["r"] for one in left] == ["49", "48"]
    assert int(left[0]["submits"]["r"]) == 599
    size = 1000 - int(left[0]["bytes"]["r"])
    assert 10 < size < 200
    assert int(left[1]["bytes"]["r"]) == 1000 - 2 * size


def test_waiting_as_long_as_retry_after_says_works_and_less_does_not(
    http: Client, redis: Redis
) -> None:
    key = make_key(redis, submits_per_minute=40)  # one in 1.5 s
    submit(http, key)
    (client,) = redis.scan_iter("genart:client:*")
    # as if the others of this minute had just been made
    redis.hset(client.decode(), "paid_until", Table(redis).now() + 60_000)

    refused, began = submit(http, key), time.monotonic()
    seconds = int(refused.headers["retry-after"])
    assert (refused.json()["code"], seconds) == ("rate_exceeded", 2)
    assert read(refused.headers["ratelimit"])["submits"] == {"r": "0", "t": "2"}
    assert submit(http, key).status_code == 429

    wait_for(lambda: time.monotonic() - began >= seconds, seconds + 1, "the wait is over")
    assert submit(http, key).status_code == 202


def test_a_keys_own_limits_come_before_the_settings(http: Client, redis: Redis) -> None:
    narrow, wide = make_key(redis, active_jobs=1), make_key(redis, queue_bytes=0)
    for key in (narrow, wide):
        assert submit(http, key).status_code == 202
    refused = submit(http, narrow)

    assert (refused.status_code, refused.json()["code"]) == (429, "quota_exceeded")
    assert int(refused.headers["retry-after"]) >= 1
    assert read(refused.headers["ratelimit"])["jobs"]["r"] == "0"
    accepted = submit(http, wide)
    assert accepted.status_code == 202
    assert "bytes" not in read(accepted.headers["ratelimit-policy"])


def test_pictures_weigh_on_the_queue_until_their_jobs_end(http: Client, redis: Redis) -> None:
    key = make_key(redis, queue_bytes=8000)

    def post() -> Response:
        body = form(part("image", padded(5000), file="a"))
        return post_form(http, body, headers=bearer(key))

    first, refused = post(), post()
    assert first.status_code == 202, first.text
    assert (refused.status_code, refused.json()["code"]) == (429, "queue_bytes_exceeded")
    assert int(refused.headers["retry-after"]) >= 1
    http.post(first.json()["urls"]["cancel"], headers=bearer(key))

    assert post().status_code == 202


def send(http: Client, key: str, size: int, fill: str = "a") -> Response:
    headers = {**bearer(key), "Content-Type": "image/png"}
    return http.post("/v1/assets", content=padded(size, fill), headers=headers)


def test_pictures_sent_count_among_the_submits_of_a_minute(http: Client, redis: Redis) -> None:
    key = make_key(redis, submits_per_minute=3)

    first, again = send(http, key, 2000), send(http, key, 2000)
    assert (first.status_code, again.status_code) == (201, 200)
    assert read(first.headers["ratelimit"])["submits"]["r"] == "2"
    assert submit(http, key).status_code == 202
    refused = send(http, key, 2000)

    assert (refused.status_code, refused.json()["code"]) == (429, "rate_exceeded")
    assert 15 <= int(refused.headers["retry-after"]) <= 20
    assert submit(http, key).status_code == 429


def test_pictures_kept_have_no_more_bytes_than_a_key_may_keep(http: Client, redis: Redis) -> None:
    key = make_key(redis, asset_bytes=9000, queue_bytes=0)

    first = send(http, key, 5000, "a")
    refused = send(http, key, 5000, "b")

    policy = read(first.headers["ratelimit-policy"])
    assert policy["assets"] == {"q": "9000", "qu": '"content-bytes"'}
    assert read(first.headers["ratelimit"])["assets"] == {"r": "4000"}
    assert (refused.status_code, refused.json()["code"]) == (429, "asset_bytes_exceeded")
    assert "5,000 bytes of 9,000" in refused.json()["detail"]
    assert int(refused.headers["retry-after"]) >= 1
    assert send(http, make_key(redis), 5000, "b").status_code == 201, "another key's are its own"

    http.delete(first.json()["url"], headers=bearer(key))
    assert send(http, key, 5000, "b").status_code == 201


def test_pictures_that_come_with_jobs_are_kept_within_the_same_bytes(
    http: Client, redis: Redis
) -> None:
    key = make_key(redis, asset_bytes=9000, queue_bytes=0)

    def post(fill: str) -> Response:
        body = form(part("image", padded(5000, fill), file="a"))
        return post_form(http, body, headers=bearer(key))

    assert post("a").status_code == 202
    assert post("a").status_code == 202, "the same picture is kept once"
    refused = post("b")

    assert (refused.status_code, refused.json()["code"]) == (429, "asset_bytes_exceeded")


def test_picture_that_can_never_be_kept_is_no_matter_of_waiting(http: Client, redis: Redis) -> None:
    refused = send(http, make_key(redis, asset_bytes=1000), 5000)

    assert (refused.status_code, refused.json()["code"]) == (413, "image_too_large")
    assert "retry-after" not in refused.headers


def test_what_can_never_fit_is_no_matter_of_waiting(http: Client, redis: Redis) -> None:
    key = make_key(redis, queue_bytes=10)
    refused = submit(http, key)

    assert (refused.status_code, refused.json()["code"]) == (413, "body_too_large")
    assert "retry-after" not in refused.headers


def test_earlier_results_cost_a_submit_and_nothing_else(
    http: Client, redis: Redis, maker: Player
) -> None:
    key = make_key(redis, submits_per_minute=6, active_jobs=1)
    submit(http, key)
    maker.finish(maker.take("steps"))
    assert submit(http, key, seed=2).status_code == 202, "the one job that may be unfinished"

    cached = [submit(http, key) for _ in range(4)]
    refused = submit(http, key)

    assert [(answer.status_code, answer.json()["cached"]) for answer in cached] == [(200, True)] * 4
    left = [read(answer.headers["ratelimit"]) for answer in cached]
    assert [one["submits"]["r"] for one in left] == ["3", "2", "1", "0"]
    assert {one["jobs"]["r"] for one in left} == {"0"}
    assert len({one["bytes"]["r"] for one in left}) == 1
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_exceeded")
    assert submit(http, make_key(redis)).status_code == 202, "another key has no such results"


def test_earlier_results_cost_a_submit_in_a_batch_too(
    http: Client, redis: Redis, maker: Player
) -> None:
    key = make_key(redis, submits_per_minute=3)
    submit(http, key)
    maker.finish(maker.take("steps"))

    jobs = [{"kind": "steps", "request": {"seed": 1}}] * 3
    answer = http.post("/v1/batch", json={"jobs": jobs}, headers=bearer(key))

    results = answer.json()["results"]
    assert [one["status"] for one in results] == [200, 200, 429]
    assert results[2]["problem"]["code"] == "rate_exceeded"
    assert 15 <= results[2]["retry_after"] <= 20
    assert read(answer.headers["ratelimit"])["submits"]["r"] == "0"


def test_making_again_is_a_submit_like_any(http: Client, redis: Redis, maker: Player) -> None:
    key = make_key(redis, active_jobs=1)
    first = submit(http, key).json()
    maker.finish(maker.take("steps"))

    def again() -> Response:
        return http.post("/v1/reproduce", json={"job": first["id"]}, headers=bearer(key))

    accepted, refused = again(), again()

    assert accepted.status_code == 202, accepted.text
    assert read(accepted.headers["ratelimit"])["jobs"]["r"] == "0"
    assert (refused.status_code, refused.json()["code"]) == (429, "quota_exceeded")


def test_a_keys_weight_is_its_share_of_the_turns(http: Client, redis: Redis) -> None:
    light, heavy = make_key(redis), make_key(redis, weight=3.0)
    for key in (light, heavy):
        for _ in range(8):
            assert submit(http, key).status_code == 202

    table = Table(redis)
    turns = [table.take(kinds={"steps": 1}).client for _ in range(8)]

    assert sorted(turns.count(client) for client in set(turns)) == [2, 6]
