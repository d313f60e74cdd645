"""Pages of other origins: those that are listed may call and read, all others what they could."""

from collections.abc import Iterator

import pytest
from httpx2 import Client
from pydantic import ValidationError
from redis import Redis

from api.http.cors import EXPOSED, TAKEN
from api.http.errors import SECURITY_HEADERS
from api.settings import ApiSettings
from genart_core.jobs.connection import connect
from tests.support.gateway import RunningGateway, place_model, running_gateway
from tests.support.keys import bearer, forget_keys, make_key
from tests.support.waiting import wait_for

PAGE = "https://art.example:8443"
LISTED = {"Origin": PAGE, "Sec-Fetch-Site": "cross-site"}
FOREIGN = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
ASKS = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
BODY = {"model": "tiny"}


@pytest.fixture(scope="module")
def url(redis_url: str) -> str:
    """A database apart: a key that is made there closes no other test's gateway."""
    return f"{redis_url}?db=1"


@pytest.fixture
def redis(redis: Redis, url: str) -> Iterator[Redis]:
    """A client of that database; all of the server's were emptied for this test."""
    with connect(url) as client:
        yield client


@pytest.fixture(scope="module")
def open_gateway(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    home = tmp_path_factory.mktemp("cors")
    place_model(home, "tiny")
    origins = f"{PAGE.upper()}, http://localhost:3000"
    with running_gateway(url, home, cors_origins=origins) as gateway:
        yield gateway


@pytest.fixture
def gateway(open_gateway: RunningGateway, redis: Redis) -> RunningGateway:
    forget_keys(open_gateway)
    return open_gateway


def told(answer: object) -> list[str]:
    headers = getattr(answer, "headers")  # noqa: B009  whichever library's
    return [name for name in headers if name.startswith("access-control")]


@pytest.mark.parametrize("origin", [PAGE, "http://localhost:3000"])
def test_listed_page_asks_submits_and_reads(http: Client, origin: str) -> None:
    headers = {"Origin": origin, "Sec-Fetch-Site": "cross-site"}

    asked = http.options("/v1/text", headers={**headers, **ASKS})
    made = http.post("/v1/text", json=BODY, headers=headers)
    read = http.get(made.headers["location"], headers=headers)

    assert asked.status_code == 204
    allowed = asked.headers["access-control-allow-headers"].split(", ")
    assert {"Authorization", "Content-Type", "Idempotency-Key", "Prefer"} <= set(allowed)
    assert tuple(allowed) == TAKEN
    assert asked.headers["access-control-allow-methods"] == "GET, HEAD, POST, DELETE"
    assert (made.status_code, read.status_code) == (202, 200)
    for answer in (asked, made, read):
        assert answer.headers["access-control-allow-origin"] == origin
        assert "access-control-allow-credentials" not in answer.headers
        assert "origin" in answer.headers["vary"]
    assert made.headers["access-control-expose-headers"] == ", ".join(EXPOSED)
    assert {"Location", "Retry-After", "ETag", "RateLimit", "X-Request-Id"} <= set(EXPOSED)


def test_listed_page_reads_refusals_too(http: Client) -> None:
    answers = [
        http.post("/v1/text", json={"length": 0}, headers=LISTED),
        http.get("/v1/nope", headers=LISTED),
        http.put("/livez", headers=LISTED),
        http.get("/livez", headers={**LISTED, "Host": "evil.example"}),
    ]

    assert [answer.status_code for answer in answers] == [422, 404, 405, 403]
    assert {answer.headers["access-control-allow-origin"] for answer in answers} == {PAGE}


@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.example", "null", "https://art.example", "http://art.example:8443", ""),
        *(f"{PAGE}.evil.example", f"{PAGE}/", "*", "https://art.example:84430"),
    ],
)
def test_other_pages_may_do_no_more_than_before(http: Client, origin: str) -> None:
    headers = {"Origin": origin}

    asked = http.options("/v1/text", headers={**headers, **ASKS})
    sent = http.post("/v1/text", json=BODY, headers=headers)
    read = http.get("/v1/jobs", headers=headers)

    for answer in (asked, sent):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden_origin")
    assert read.json()["jobs"] == []
    assert [told(answer) for answer in (asked, sent, read)] == [[], [], []]
    assert "origin" in read.headers["vary"], "a cache must not hand it to a listed page"


def test_two_origins_are_none_that_is_listed(http: Client) -> None:
    twice = [("Origin", "https://evil.example"), ("Origin", PAGE)]

    answer = http.post("/v1/text", json=BODY, headers=twice)

    assert (answer.status_code, told(answer)) == (403, [])


def test_listed_page_under_a_rebound_host_is_refused(http: Client) -> None:
    rebound = {**LISTED, "Host": "evil.example"}

    asked = http.options("/v1/text", headers={**rebound, **ASKS})
    sent = http.post("/v1/text", json=BODY, headers=rebound)

    assert [answer.json()["code"] for answer in (asked, sent)] == ["forbidden_host"] * 2


def test_page_asks_without_its_key_and_calls_with_it(
    gateway: RunningGateway, http: Client, redis: Redis
) -> None:
    key = make_key(redis)
    wait_for(lambda: gateway.parts.keyring.needs_key, 30, "keys are wanted from now on")

    asked = http.options("/v1/text", headers={**LISTED, **ASKS})
    without = http.post("/v1/text", json=BODY, headers=LISTED)
    with_key = http.post("/v1/text", json=BODY, headers={**LISTED, **bearer(key)})
    foreign = http.options("/v1/text", headers={**FOREIGN, **ASKS})

    assert [answer.status_code for answer in (asked, without, with_key)] == [204, 401, 202]
    assert without.headers["access-control-allow-origin"] == PAGE
    assert (foreign.status_code, told(foreign)) == (401, [])


def test_every_answer_keeps_its_security_headers(http: Client) -> None:
    answers = [
        http.options("/v1/text", headers={**LISTED, **ASKS}),
        http.get("/livez", headers=LISTED),
        http.get("/", headers=FOREIGN),
        http.get("/v1/nope"),
        http.get("/openapi.json"),
        http.head("/livez"),
        http.get("/livez", headers={"Host": "evil.example"}),
    ]

    for answer in answers:
        assert set(SECURITY_HEADERS) <= set(answer.headers)
        assert answer.headers["x-content-type-options"] == "nosniff"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith(("default-src 'none'", "default-src 'self'"))  # the page's own
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize(
    "origin",
    [
        *("*", "https://*.example", "art.example", "https://art.example/", "ftp://art.example"),
        *("https://me@art.example", "null", "https://", "https://art.example/page?x"),
    ],
)
def test_what_is_no_origin_is_no_setting(origin: str) -> None:
    with pytest.raises(ValidationError, match="is no origin"):
        ApiSettings(cors_origins=(origin,))
