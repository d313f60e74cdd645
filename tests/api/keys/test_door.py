"""A gateway that decides for itself whether it wants keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx2 import Client
from redis import Redis

from tests.support.gateway import RunningGateway, place_model, running_gateway
from tests.support.keys import NO_TLS, bearer, forget_keys, make_key, revoke_key
from tests.support.waiting import wait_for

BODY = {"model": "tiny"}
SOON_SECONDS = 10.0


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("door")
    place_model(home, "tiny")
    return home


@pytest.fixture(scope="module")
def auto_gateway(url: str, home: Path) -> Iterator[RunningGateway]:
    with running_gateway(url, home) as gateway:
        yield gateway


@pytest.fixture
def gateway(auto_gateway: RunningGateway, redis: Redis) -> RunningGateway:
    forget_keys(auto_gateway)
    return auto_gateway


def test_everybody_is_served_until_the_first_key_is_made(http: Client, redis: Redis) -> None:
    before = http.post("/v1/text", json=BODY)
    make_key(redis)

    wait_for(lambda: http.get("/v1/jobs").status_code == 401, SOON_SECONDS, "closed")
    assert before.status_code == 202


def test_revoking_the_last_key_does_not_open_the_door(http: Client, redis: Redis) -> None:
    key = make_key(redis)
    assert http.get("/v1/jobs", headers=bearer(key)).status_code == 200
    revoke_key(redis, key)

    def is_refused() -> bool:
        return http.get("/v1/jobs", headers=bearer(key)).status_code == 401

    wait_for(is_refused, SOON_SECONDS, "it is refused")
    assert http.get("/v1/jobs").json()["code"] == "key_required"


def test_a_wrong_key_is_told_even_where_none_is_needed(http: Client) -> None:
    assert http.get("/v1/jobs", headers=bearer("genart_x")).json()["code"] == "invalid_key"


def test_hosts_and_origins_are_guarded_as_long_as_no_key_is_needed(http: Client) -> None:
    rebound = http.get("/v1/jobs", headers={"Host": "evil.example"})
    crossed = http.post("/v1/text", json=BODY, headers={"Origin": "https://evil.example"})

    assert rebound.json()["code"] == "forbidden_host"
    assert crossed.json()["code"] == "forbidden_origin"


@pytest.mark.parametrize(
    ("host", "choice", "refused"),
    [
        ("0.0.0.0", "auto", True),
        ("art.example", "auto", True),
        ("127.0.0.9", "auto", False),
        ("::1", "auto", False),
        ("0.0.0.0", "open", False),
        ("127.0.0.1", "keys", True),
    ],
)
def test_whether_a_key_is_needed_follows_from_where_it_listens(
    redis: Redis, url: str, home: Path, host: str, choice: str, refused: bool
) -> None:
    settings = {"host": host, "access": choice, "allowed_hosts": "*"}
    with (
        running_gateway(url, home, **settings) as gateway,
        Client(base_url=gateway.url, verify=NO_TLS) as http,
    ):
        assert (http.get("/v1/jobs").status_code == 401) == refused
