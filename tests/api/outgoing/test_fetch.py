"""Pictures by https address: what is fetched, and all that isn't."""

import asyncio
import ssl
import time
from collections.abc import Callable, Coroutine, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from api.http.errors import ProblemError
from api.outgoing.addresses import Address, is_public
from api.outgoing.fetch import AT_ONCE
from tests.api.fetching import HERE, PICTURE, fetcher_for, resolving
from tests.support.outside import NAME, Outside
from tests.support.studio import MAX_IMAGE_BYTES, padded

Fetch: TypeAlias = Callable[..., bytes]


@pytest.fixture
def fetch(outside: Outside, certificate: tuple[Path, Path]) -> Fetch:
    """Fetches from the outside, as it is set up."""

    def fetch(path: str = "/a.png", *, seconds: float = 5, url: str = "", **options: Any) -> bytes:
        async def run() -> bytes:
            fetcher = fetcher_for(outside, certificate, **options)
            deadline = asyncio.get_running_loop().time() + seconds
            try:
                upload = await fetcher.fetch(
                    url or f"https://{NAME}:{outside.port}{path}", "/image", deadline=deadline
                )
            finally:
                fetcher.close()
            data = upload.read()
            upload.close()
            return data

        return asyncio.run(run())

    return fetch


def refused(fetch: Fetch, *, code: str = "url_not_fetched", **options: Any) -> str:
    """Return why a picture was not fetched."""
    with pytest.raises(ProblemError) as caught:
        fetch(**options)
    assert caught.value.code == code, caught.value.detail
    assert caught.value.errors[0]["pointer"] == "/image"
    return caught.value.detail


class TestFetching:
    def test_file_comes_as_it_is(self, fetch: Fetch, outside: Outside) -> None:
        assert fetch("/some/a.png?size=1") == PICTURE
        head = outside.heads[0].decode()
        assert head.startswith("GET /some/a.png?size=1 HTTP/1.1\r\n")
        assert f"\r\nHost: {NAME}:{outside.port}\r\n" in head
        assert "Accept-Encoding: identity" in head
        assert outside.names == [NAME], "the certificate is asked for by name"

    def test_no_secret_of_ours_is_sent(self, fetch: Fetch, outside: Outside) -> None:
        fetch()

        names = {line.partition(":")[0] for line in outside.heads[0].decode().splitlines()[1:-1]}
        assert names == {"Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"}

    @pytest.mark.parametrize(
        "pieces",
        [
            (b"HTTP/1.1 200 OK\r\n\r\n", PICTURE),
            (b"HTTP/1.0 200 OK\r\n\r\n" + PICTURE,),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
                b"%x\r\n%b\r\n" % (10, PICTURE[:10]),
                b"%x\r\n%b\r\n0\r\n\r\n" % (len(PICTURE) - 10, PICTURE[10:]),
            ),
            tuple(bytes([byte]) for byte in b"HTTP/1.1 200 OK\r\n\r\n" + PICTURE),
        ],
        ids=["to the end", "old", "chunks", "byte by byte"],
    )
    def test_body_may_come_in_any_way(
        self, fetch: Fetch, outside: Outside, pieces: tuple[bytes, ...]
    ) -> None:
        outside.answer(*pieces)

        assert fetch() == PICTURE

    def test_type_is_not_asked_of_its_host(self, fetch: Fetch, outside: Outside) -> None:
        outside.show(PICTURE, "Content-Type: text/html")

        assert fetch() == PICTURE

    def test_next_address_is_tried_where_nobody_answers(self, fetch: Fetch) -> None:
        def anyone(address: Address) -> bool:
            return address.is_loopback

        assert fetch(resolve=resolving("127.0.0.9", "127.0.0.1"), allow=anyone) == PICTURE


class TestGuard:
    @pytest.mark.parametrize(
        "addresses",
        [
            ("127.0.0.1",),
            ("::1",),
            ("169.254.169.254",),
            ("10.0.0.1",),
            ("::ffff:127.0.0.1",),
            ("93.184.215.14", "127.0.0.1"),
            ("2606:4700:4700::1111", "fd00::1"),
            (),
        ],
        ids=" ".join,
    )
    def test_host_with_any_address_that_is_not_public_is_not_gone_to(
        self, fetch: Fetch, outside: Outside, addresses: tuple[str, ...]
    ) -> None:
        why = refused(fetch, resolve=resolving(*addresses), allow=is_public)

        assert "public internet" in why
        assert "127" not in why
        assert outside.connections == 0

    @pytest.mark.parametrize(
        "host",
        [
            *("localhost", "127.0.0.1", "[::1]", "2130706433", "0x7f.1", "017700000001", "127.1"),
            *("[::ffff:127.0.0.1]", "0", "[::]", "169.254.169.254", "[fe80::1%25lo]"),
        ],
    )
    def test_this_machine_is_not_reached_by_any_name_of_it(
        self, fetch: Fetch, outside: Outside, host: str
    ) -> None:
        url = f"https://{host}:{outside.port}/"

        refused(fetch, url=url, resolve=None, allow=is_public)

        assert outside.connections == 0

    def test_name_is_resolved_once_and_its_address_is_the_one_gone_to(
        self, fetch: Fetch, outside: Outside
    ) -> None:
        asked = []

        async def turncoat(host: str, port: int) -> Sequence[Address]:
            asked.append(host)
            return [HERE if len(asked) == 1 else ip_address("10.0.0.1")]

        assert fetch(resolve=turncoat) == PICTURE
        assert asked == [NAME]

    @pytest.mark.parametrize("status", ["301", "302", "303", "307", "308", "300"])
    def test_no_redirect_is_followed(self, fetch: Fetch, outside: Outside, status: str) -> None:
        outside.show(b"", f"Location: https://{NAME}:{outside.port}/b", status=f"{status} Gone to")

        assert "leads elsewhere" in refused(fetch)
        assert len(outside.heads) == 1

    @pytest.mark.parametrize(
        "url",
        [
            *("http://a.test/", "ftp://a.test/", "file:///etc/passwd", "https:///a", "https://"),
            *("https://user@a.test/", "https://user:word@a.test/", "https://:@a.test/"),
            *("https://a.test:22/", "https://a.test:0/", "https://a.test:99999/"),
            *("https://a.test/a b", "https://a.test/\r\nHost: b", "https://bücher.test/"),
            *("https://[::1/", "https://[x]/"),
        ],
    )
    def test_address_of_another_sort_is_not_gone_to(
        self, fetch: Fetch, outside: Outside, url: str
    ) -> None:
        refused(fetch, url=url)

        assert outside.connections == 0

    def test_certificate_must_be_for_the_name(self, fetch: Fetch, outside: Outside) -> None:
        why = refused(fetch, url=f"https://other.test:{outside.port}/")

        assert "certificate" in why
        assert outside.heads == []

    def test_certificate_must_be_trusted(self, fetch: Fetch, outside: Outside) -> None:
        assert "certificate" in refused(fetch, context=ssl.create_default_context())
        assert outside.heads == []

    def test_host_that_is_not_there_is_told(self, fetch: Fetch) -> None:
        assert "doesn't answer" in refused(fetch, url=f"https://{NAME}/")
        assert "no address" in refused(fetch, url="https://nobody.invalid/", resolve=None)


class TestBounds:
    @pytest.mark.parametrize(
        "head",
        [
            f"Content-Length: {MAX_IMAGE_BYTES + 1}\r\n",
            f"Content-Length: {'9' * 19}\r\n",
            "",
        ],
    )
    def test_too_many_bytes_are_not_taken(self, fetch: Fetch, outside: Outside, head: str) -> None:
        outside.answer(f"HTTP/1.1 200 OK\r\n{head}\r\n".encode(), padded(MAX_IMAGE_BYTES + 1))

        refused(fetch, code="image_too_large")

    def test_most_bytes_are_taken(self, fetch: Fetch, outside: Outside) -> None:
        outside.show(padded(MAX_IMAGE_BYTES))

        assert len(fetch()) == MAX_IMAGE_BYTES

    @pytest.mark.parametrize("what", ["connection", "head", "body"])
    def test_host_that_drips_is_left(self, fetch: Fetch, outside: Outside, what: str) -> None:
        def drip(connection: ssl.SSLSocket) -> None:
            if what != "connection":
                connection.sendall(b"HTTP/1.1 200 OK\r\n")
            if what == "body":
                connection.sendall(b"Content-Length: 1000\r\n\r\n")
            for _ in range(400):
                time.sleep(0.05)
                if what != "connection":
                    connection.sendall(b"x")

        outside.behave = drip
        began = time.monotonic()

        assert "too long" in refused(fetch, seconds=0.4)
        assert time.monotonic() - began < 10

    @pytest.mark.parametrize(
        "pieces",
        [
            (b"",),
            (b"HTTP/1.1 200 OK\r\n",),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", PICTURE),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",),
            (b"SSH-2.0-OpenSSH\r\n",),
            (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",),
            (b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nx",),
            (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",),
            (b"HTTP/1.1 204 No Content\r\n\r\n",),
            (b"HTTP/1.1 206 Partial\r\nContent-Length: 1\r\n\r\nx",),
            (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx",),
            (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 100_000 + b"\r\n\r\n",),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n",
                *(b"X-%d: y\r\n" % number for number in range(20_000)),
            ),
        ],
    )
    def test_answer_that_is_none_is_refused(
        self, fetch: Fetch, outside: Outside, pieces: tuple[bytes, ...]
    ) -> None:
        outside.answer(b"".join(pieces))

        refused(fetch)

    def test_so_many_are_fetched_at_a_time(
        self, outside: Outside, certificate: tuple[Path, Path]
    ) -> None:
        now, most = 0, 0

        def behave(connection: ssl.SSLSocket) -> None:
            nonlocal now, most
            now += 1
            most = max(most, now)
            time.sleep(0.03)
            now -= 1
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + PICTURE)

        outside.behave = behave

        async def run() -> None:
            fetcher = fetcher_for(outside, certificate)
            deadline = asyncio.get_running_loop().time() + 20
            url = f"https://{NAME}:{outside.port}/"
            fetches: list[Coroutine[Any, Any, Any]] = [
                fetcher.fetch(url, "/image", deadline=deadline) for _ in range(3 * AT_ONCE)
            ]
            for upload in await asyncio.gather(*fetches):
                upload.close()
            fetcher.close()

        asyncio.run(run())
        assert 1 < most <= AT_ONCE
