"""API keys: who may call, and what one caller learns of another."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx2 import Client, Response
from redis import Redis

from genart_core.jobs import access
from tests.api.player import Player
from tests.support.gateway import RunningGateway, place_model, running_gateway
from tests.support.keys import NO_TLS, bearer, forget_keys, make_key, revoke_key
from tests.support.studio import picture
from tests.support.table import Table
from tests.support.waiting import wait_for

BODY = {"model": "tiny"}
SOON_SECONDS = 10.0


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("keys")
    place_model(home, "tiny")
    return home


@pytest.fixture(scope="module")
def locked_gateway(url: str, home: Path) -> Iterator[RunningGateway]:
    with running_gateway(url, home, access="keys", heartbeat_seconds=0.3) as gateway:
        yield gateway


@pytest.fixture
def gateway(locked_gateway: RunningGateway, redis: Redis) -> RunningGateway:
    """A gateway that wants keys, when there are none."""
    forget_keys(locked_gateway)
    return locked_gateway


def submit(http: Client, key: str) -> Response:
    return http.post("/v1/text", json=BODY, headers=bearer(key))


def test_a_caller_without_a_key_is_told_how_to_send_one(http: Client) -> None:
    answers = [
        *(http.post("/v1/text", json=BODY), http.get("/v1/jobs"), http.get("/v1/models")),
        *(http.get("/metrics"), http.get("/nowhere"), http.delete("/v1/jobs/x")),
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.json()["code"] for answer in answers} == {"key_required"}
    assert {answer.headers["www-authenticate"] for answer in answers} == {'Bearer realm="genart"'}
    assert "genart keys create" in answers[0].json()["detail"]


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/openapi.json", "/problems/gone"])
def test_health_and_documents_stay_open_under_any_name(http: Client, path: str) -> None:
    assert http.get(path).status_code == 200
    assert http.get(path, headers={"Host": "art.example"}).status_code == 200


def test_a_new_key_lets_its_holder_in_at_once(http: Client, redis: Redis) -> None:
    answer = submit(http, make_key(redis))

    assert answer.status_code == 202


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER "])
def test_the_scheme_is_read_in_any_case(http: Client, redis: Redis, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {make_key(redis)}"}

    assert http.get("/v1/jobs", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "value", ["Bearer", "Bearer genart_0", "Bearer é", "bearer x y", b"Bearer \xff"]
)
def test_a_wrong_key_is_refused(http: Client, redis: Redis, value: str | bytes) -> None:
    make_key(redis)
    sent = value.encode() if isinstance(value, str) else value
    answer = http.get("/v1/jobs", headers={b"Authorization": sent})

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_key")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_two_keys_at_once_are_none(http: Client, redis: Redis) -> None:
    key = make_key(redis).encode()
    twice = [(b"Authorization", b"Bearer " + key), (b"Authorization", b"Bearer " + key)]

    assert http.get("/v1/jobs", headers=twice).json()["code"] == "invalid_key"


def test_another_scheme_is_no_key(http: Client, redis: Redis) -> None:
    answer = http.get("/v1/jobs", headers={"Authorization": f"Basic {make_key(redis)}"})

    assert answer.json()["code"] == "key_required"


def test_who_has_a_key_may_come_under_any_name_and_origin(http: Client, redis: Redis) -> None:
    headers = {
        **bearer(make_key(redis)),
        "Host": "art.example",
        "Origin": "https://page.example",
        "Sec-Fetch-Site": "cross-site",
    }

    assert http.post("/v1/text", json=BODY, headers=headers).status_code == 202


def test_a_key_sees_its_own_jobs_and_no_others(
    gateway: RunningGateway, http: Client, redis: Redis
) -> None:
    mine, theirs = bearer(make_key(redis)), bearer(make_key(redis))
    url = http.post("/v1/text", json=BODY, headers=mine).headers["location"]
    worker = Player(Table(redis), gateway.parts.blobs)
    job = worker.make("a text")
    worker.table.show(worker.table.running(job.client), path="p")

    for path in ("", "/events", "/outputs/0", "/outputs.zip", "/previews/0"):
        assert http.get(f"{url}{path}", headers=theirs).status_code == 404
    assert http.post(f"{url}/cancel", headers=theirs).status_code == 404
    assert http.delete(url, headers=theirs).status_code == 404
    again = http.post("/v1/reproduce", json={"job": job.id}, headers=theirs)
    assert again.json()["code"] == "unknown_input"
    assert http.get("/v1/jobs", headers=theirs).json()["jobs"] == []
    assert http.get(f"{url}/outputs/0", headers=mine).text == "a text"
    assert len(http.get("/v1/jobs", headers=mine).json()["jobs"]) == 2


def test_a_key_sees_its_own_pictures_and_no_others(http: Client, redis: Redis) -> None:
    mine, theirs = bearer(make_key(redis)), bearer(make_key(redis))
    sent = {**mine, "Content-Type": "image/png"}
    asset = http.post("/v1/assets", content=picture(), headers=sent).json()

    for path in (asset["url"], f"{asset['url']}/metadata"):
        assert http.get(path, headers=theirs).status_code == 404
        assert http.get(path).status_code == 401
    assert http.delete(asset["url"], headers=theirs).status_code == 404
    assert http.get("/v1/assets", headers=theirs).json()["assets"] == []
    for path in ("/v1/dream", "/v1/reproduce"):
        assert http.post(path, json={"image": asset["reference"]}).status_code == 401
    named = http.post("/v1/dream", json={"image": asset["reference"]}, headers=theirs)
    assert named.json()["code"] == "unknown_asset"
    assert http.get(asset["url"], headers=mine).content == picture()


def test_idempotency_keys_belong_to_one_key(http: Client, redis: Redis) -> None:
    jobs = [
        http.post("/v1/text", json=BODY, headers={**bearer(key), "Idempotency-Key": "k"}).json()
        for key in (make_key(redis), make_key(redis))
    ]

    assert jobs[0]["id"] != jobs[1]["id"]


def test_a_revoked_key_is_refused_by_every_gateway_within_two_seconds(
    gateway: RunningGateway, http: Client, redis: Redis, url: str, home: Path
) -> None:
    key = make_key(redis)
    with (
        running_gateway(url, home, access="keys") as other,
        Client(base_url=other.url, verify=NO_TLS) as beside,
    ):
        assert submit(http, key).status_code == submit(beside, key).status_code == 202
        revoke_key(redis, key)
        began = time.monotonic()

        for client in (http, beside):
            wait_for(lambda c=client: submit(c, key).status_code == 401, SOON_SECONDS, "refused")  # type: ignore[misc]
        assert time.monotonic() - began < SOON_SECONDS


def test_a_stream_ends_with_its_key(gateway: RunningGateway, http: Client, redis: Redis) -> None:
    key = make_key(redis)
    location = submit(http, key).headers["location"]
    with http.stream("GET", f"{location}/events", headers=bearer(key)) as events:
        lines = events.iter_lines()
        assert any(line.startswith("event: snapshot") for line in lines)
        revoke_key(redis, key)
        began = time.monotonic()

        assert not any(line.startswith("event: done") for line in lines)
        assert time.monotonic() - began < SOON_SECONDS


def test_keys_stand_neither_in_redis_nor_in_the_logs(
    http: Client, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    key, wrong = make_key(redis), access.new_key()
    with caplog.at_level(logging.DEBUG):
        submit(http, key)
        submit(http, wrong)
        http.get("/v1/jobs/%00", headers=bearer(key))

    stored = b"".join(redis.dump(name) + name for name in redis.scan_iter())
    for secret in (key, wrong):
        assert secret not in caplog.text
        assert secret.removeprefix(access.PREFIX).encode() not in stored
    assert access.digest_of(key.encode()).encode() in stored


def test_the_document_says_what_wants_a_key(http: Client) -> None:
    document = http.get("/openapi.json").json()

    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    assert document["paths"]["/livez"]["get"]["security"] == []
    for path in ("/v1/text", "/metrics", "/v1/jobs/{job_id}", "/v1/assets", "/v1/reproduce"):
        for operation in document["paths"][path].values():
            assert {"key": []} in operation["security"]
            assert "WWW-Authenticate" in operation["responses"]["401"]["headers"]
