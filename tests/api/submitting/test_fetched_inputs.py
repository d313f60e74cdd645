"""Pictures of requests that are fetched from an address."""

import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx2 import Client, Response

from tests.api.fetching import PICTURE, fetcher_for
from tests.support.gateway import RunningGateway
from tests.support.outside import NAME, Outside
from tests.support.studio import picture, reference, running_studio
from tests.support.table import Table


@pytest.fixture(scope="module")
def reaching(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A studio that takes addresses."""
    home = tmp_path_factory.mktemp("reaching")
    with running_studio(redis_url, home, fetch_urls=True, fetch_seconds=2) as gateway:
        yield gateway


@pytest.fixture
def http(
    reaching: RunningGateway, outside: Outside, certificate: tuple[Path, Path], table: Table
) -> Iterator[Client]:
    """A client of the studio, to which the outside is public."""
    before = reaching.parts.fetcher
    reaching.parts.fetcher = fetcher_for(outside, certificate)
    with Client(base_url=reaching.url, timeout=20) as client:
        yield client
    reaching.parts.fetcher.close()
    reaching.parts.fetcher = before


def ask(http: Client, outside: Outside, **fields: object) -> Response:
    url = f"https://{NAME}:{outside.port}/a.png"
    return http.post("/v1/pictured", json={"image": url, **fields})


class TestRequests:
    def test_address_becomes_the_asset_of_what_is_there(
        self, http: Client, outside: Outside, reaching: RunningGateway
    ) -> None:
        answer = ask(http, outside, style=f"https://{NAME}:{outside.port}/a.png")

        assert answer.status_code == 202, answer.text
        request = answer.json()["request"]
        assert (request["image"], request["style"]) == (reference(PICTURE), [reference(PICTURE)])
        digest = reference(PICTURE).removeprefix("asset:")
        assert http.get(f"/v1/assets/{digest}").content == PICTURE
        assert len(outside.heads) == 1, "the same address is fetched once"

    def test_form_may_name_an_address_too(self, http: Client, outside: Outside) -> None:
        url = f"https://{NAME}:{outside.port}/a.png"
        answer = http.post("/v1/pictured", files={"image": (None, url)})

        assert answer.json()["request"]["image"] == reference(PICTURE)

    def test_what_is_no_picture_is_refused(
        self, http: Client, outside: Outside, table: Table
    ) -> None:
        outside.show(b"<html></html>", "Content-Type: image/png")

        answer = ask(http, outside)

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_image")
        assert answer.json()["errors"][0]["pointer"] == "/image"
        assert (table.stored_ids(), table.members("assets")) == ([], set())

    def test_too_many_pixels_are_refused(self, http: Client, outside: Outside) -> None:
        outside.show(picture(101, 100))

        assert ask(http, outside).json()["code"] == "invalid_image"

    def test_all_of_a_request_are_fetched_by_one_deadline(
        self, http: Client, outside: Outside
    ) -> None:
        def slow(connection: ssl.SSLSocket) -> None:
            time.sleep(0.9)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + PICTURE)

        outside.behave = slow
        more = [f"https://{NAME}:{outside.port}/{number}" for number in range(3)]

        answer = ask(http, outside, style=more)

        assert (answer.status_code, answer.json()["code"]) == (422, "url_not_fetched")
        assert answer.json()["errors"][0]["pointer"].startswith("/style/")

    def test_nothing_is_fetched_for_a_request_that_is_refused(
        self, http: Client, outside: Outside
    ) -> None:
        url = f"https://{NAME}:{outside.port}/a.png"
        answer = http.post("/v1/pictured", json={"image": url, "size": 0})
        other = http.post("/v1/pictured", json={"image": url, "model": "lost"})

        assert (answer.status_code, other.status_code) == (422, 422)
        assert outside.connections == 0

    def test_gateway_as_it_is_set_up_reaches_nothing_here(
        self, reaching: RunningGateway, outside: Outside
    ) -> None:
        with Client(base_url=reaching.url, timeout=20) as http:
            for host in ("127.0.0.1", "localhost", "[::1]"):
                url = f"https://{host}/"
                answer = http.post("/v1/pictured", json={"image": url})
                assert answer.json()["code"] == "url_not_fetched"
                assert "public internet" in answer.json()["detail"]
            refusal = ask(http, outside)
        assert "port" in refusal.json()["detail"]
        assert outside.connections == 0

    def test_addresses_are_refused_unless_they_are_wanted(self, caller: Client) -> None:
        answer = caller.post("/v1/pictured", json={"image": "https://example.org/a.png"})

        assert (answer.status_code, answer.json()["code"]) == (422, "url_not_allowed")
        assert "GENART_FETCH_URLS" in answer.json()["detail"]
        assert answer.json()["errors"][0]["pointer"] == "/image"
