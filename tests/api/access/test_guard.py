"""What keeps pages in a browser on this machine out."""

import json
import socket
from collections.abc import Callable

import pytest
from httpx2 import Client, Response

from tests.api.conftest import Post
from tests.support.gateway import RunningGateway, running_gateway

Queued = Callable[[], str]
FOREIGN = {"Origin": "https://evil.example"}


def by_host(http: Client, host: str, method: str = "GET", **headers: str) -> Response:
    return http.request(method, "/livez", headers={"Host": host, **headers})


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8000"]
)
def test_loopback_names_are_served(http: Client, host: str) -> None:
    assert by_host(http, host).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "10.0.0.1", "[::2]", ""),
        *("localhost@evil.example", "[localhost", "::1", "0.0.0.0", "2130706433", "x" * 3000),
    ],
)
def test_rebound_host_is_refused_even_for_reading(http: Client, host: str) -> None:
    answer = by_host(http, host)

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden_host")
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(answer.content) < 1000


def sent(gateway: RunningGateway, request: str) -> tuple[int, bytes]:
    """The status and the body of what is answered to such bytes."""
    with socket.create_connection((gateway.host, gateway.port), timeout=10) as peer:
        peer.sendall(request.encode())
        peer.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: peer.recv(65536), b""))
    return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2]


@pytest.mark.parametrize("path", ["/livez", "/v1/jobs", "/nowhere"])
@pytest.mark.parametrize(
    "head",
    [
        *("HTTP/1.1", "HTTP/1.1\r\nHost: localhost\r\nHost: localhost"),
        *("HTTP/1.0\r\nHost: localhost\r\nHost: evil.example", "HTTP/1.1\r\nHost:\r\nHost:"),
    ],
)
def test_request_that_does_not_name_one_host_is_no_http(
    gateway: RunningGateway, path: str, head: str
) -> None:
    status, body = sent(gateway, f"GET {path} {head}\r\nConnection: close\r\n\r\n")

    assert (status, json.loads(body)["code"]) == (400, "malformed_http")


def test_old_request_without_host_names_none_of_ours(gateway: RunningGateway) -> None:
    status, body = sent(gateway, "GET /livez HTTP/1.0\r\n\r\n")

    assert (status, json.loads(body)["code"]) == (403, "forbidden_host")


@pytest.mark.parametrize(
    "headers",
    [
        FOREIGN,
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://localhost.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "Cross-Site", "Origin": "https://evil.example"},
        {"Origin": ""},
    ],
)
def test_foreign_origin_changes_nothing(
    http: Client, post: Post, queued: Queued, headers: dict[str, str]
) -> None:
    url = queued()

    answers = [
        post(headers),
        http.post(f"{url}/cancel", headers=headers),
        http.delete(url, headers=headers),
        http.options("/v1/text", headers=headers),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert {answer.json()["code"] for answer in answers} == {"forbidden_origin"}
    assert http.get(url).json()["status"] == "queued"


def test_foreign_page_gets_no_leave_to_read(http: Client) -> None:
    answer = http.get("/v1/jobs", headers=FOREIGN)

    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_cross_site_form_post_is_refused_twice_over(http: Client) -> None:
    form = {"Content-Type": "text/plain", "Origin": "https://evil.example"}

    assert http.post("/v1/text", content=b"{}", headers=form).status_code == 403
    del form["Origin"]
    assert http.post("/v1/text", content=b"{}", headers=form).status_code == 415


def test_own_page_may_post(gateway: RunningGateway, post: Post) -> None:
    own = {"Origin": gateway.url, "Sec-Fetch-Site": "same-origin"}

    assert post(own).status_code == 202


def test_listed_host_is_served(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("listed")
    with (
        running_gateway(redis_url, home, allowed_hosts="Art.Example, b") as gateway,
        Client(base_url=gateway.url) as http,
    ):
        assert by_host(http, "art.example:80").status_code == 200
        assert by_host(http, "evil.example").status_code == 403
    with (
        running_gateway(redis_url, home, allowed_hosts="*") as gateway,
        Client(base_url=gateway.url) as http,
    ):
        assert by_host(http, "any.example").status_code == 200


def test_every_answer_carries_security_headers(http: Client, post: Post) -> None:
    answers = [
        *(
            post(),
            post(length=0),
            http.get("/livez"),
            http.get("/nowhere"),
            http.get("/openapi.json"),
        ),
        *(http.put("/v1/text"), by_host(http, "evil.example"), http.get("/v1/models")),
    ]

    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert "server" not in answer.headers


def test_request_id_is_echoed_or_given(http: Client) -> None:
    own = http.get("/livez", headers={"X-Request-Id": "abc-1:2_3.4"})
    given = http.get("/livez")

    assert own.headers["x-request-id"] == "abc-1:2_3.4"
    assert len(given.headers["x-request-id"]) == 16


@pytest.mark.parametrize("sent", [b"a b", b"x" * 129, b"\xff", b"<script>", b"a;b", b""])
def test_unfit_request_id_is_replaced(http: Client, sent: bytes) -> None:
    answer = http.get("/livez", headers={b"X-Request-Id": sent})

    assert len(answer.headers["x-request-id"]) == 16


def test_forwarded_address_is_not_believed(http: Client, queued: Queued) -> None:
    queued()

    forged = http.get("/v1/jobs", headers={"X-Forwarded-For": "10.1.1.1"})

    assert len(forged.json()["jobs"]) == 1
