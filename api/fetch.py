"""Pictures by https address, fetched so that no caller can reach what only we can reach (SSRF).

1. https alone, on its own port, without credentials in the address.
2. The host's name is resolved once. Every address that it has must be public, else none is used.
3. The connection goes to such an address, not to the name, which may mean another one by then; the
   name is still what the certificate must be for, and what `Host` says.
4. No redirect is followed.
5. Time, bytes of the head and of the body are bounded as they come. Nothing is inflated. What the
   file is, its bytes tell.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from typing import TypeAlias
from urllib.parse import urlsplit

import httptools

from api.addresses import Address, is_public, parse_address
from api.errors import ProblemError
from api.uploads import Upload, about, image_too_large

log = logging.getLogger(__name__)

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[Address]]]
Allow: TypeAlias = Callable[[Address], bool]

HTTPS_PORT = 443
AT_ONCE = 8  # fetches of one gateway
_HEAD_BYTES = 64 * 1024
_READ_BYTES = 64 * 1024
_ADDRESSES = 3  # of a name that are tried
_RESOLVERS = 4  # threads: a name server that doesn't answer holds up no more than these


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart; `path` has the query."""

    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """What `Host` says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == HTTPS_PORT else f"{host}:{self.port}"


class NotFetchedError(Exception):
    """Raised inside for what is not fetched, in words for the caller."""


class Fetcher:
    """Fetches pictures from the outside, so many at a time."""

    def __init__(
        self,
        *,
        max_bytes: int,
        context: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
        allow: Allow = is_public,
        ports: frozenset[int] = frozenset({HTTPS_PORT}),
    ) -> None:
        """`allow` is asked for each address of a host, `ports` are those that may be gone to."""
        self._threads = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="resolver")
        self._max_bytes = max_bytes
        self._context = context or ssl.create_default_context()
        self._resolve = resolve or self._ask_resolver
        self._allow = allow
        self._ports = ports
        self._room = asyncio.Semaphore(AT_ONCE)

    async def fetch(self, url: str, pointer: str, *, deadline: float) -> Upload:
        """Return what is at an address, to be closed; `deadline` is in the event loop's time.

        Raises:
            ProblemError: `url_not_fetched`, or `image_too_large`, naming the field.
        """
        upload = Upload(pointer, self._max_bytes)
        try:
            async with asyncio.timeout_at(deadline), self._room:
                await self._fetch(_target(url, self._ports), upload)
        except NotFetchedError as error:
            upload.close()
            raise _not_fetched(pointer, str(error)) from None
        except TimeoutError:
            upload.close()
            raise _not_fetched(pointer, "it took too long") from None
        except BaseException:
            upload.close()
            raise
        return upload

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _fetch(self, target: Target, upload: Upload) -> None:
        reader, writer = await self._connect(target, await self._addresses(target))
        try:
            writer.write(_request(target))
            await _receive(reader, upload, self._max_bytes)
        except (OSError, ssl.SSLError) as error:
            log.info("fetching from %s broke: %s", target.host, error)
            raise NotFetchedError("the connection broke") from None
        finally:
            writer.transport.abort()

    async def _addresses(self, target: Target) -> Sequence[Address]:
        try:
            addresses = await self._resolve(target.host, target.port)
        except (OSError, UnicodeError):
            raise NotFetchedError("its host has no address") from None
        # one that isn't public among others is a trick, or a network that we have no business in
        if not addresses or not all(map(self._allow, addresses)):
            log.warning("refused to fetch from %s: not public", target.host)
            raise NotFetchedError("its host is not on the public internet")
        return addresses

    async def _connect(
        self, target: Target, addresses: Sequence[Address]
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        for address in addresses[:_ADDRESSES]:
            try:
                return await asyncio.open_connection(
                    str(address),
                    target.port,
                    ssl=self._context,
                    server_hostname=target.host,
                    limit=_READ_BYTES,
                )
            except ssl.SSLError as error:
                log.info("fetching from %s: %s", target.host, error)
                raise NotFetchedError("its host has no valid certificate for this name") from None
            except OSError:
                continue
        raise NotFetchedError("its host doesn't answer")

    async def _ask_resolver(self, host: str, port: int) -> Sequence[Address]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return [parse_address(str(place[0])) for *_, place in found]


class _Answer:
    """What the parser makes of an answer; the body is taken from here as it comes."""

    def __init__(self) -> None:
        self.fields: dict[bytes, bytes] = {}
        self.has_head = self.is_whole = False
        self.body: list[bytes] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.has_head:  # what follows a body in chunks says nothing that we ask for
            self.fields[name.lower()] = value.strip()

    def on_headers_complete(self) -> None:
        self.has_head = True

    def on_body(self, body: bytes) -> None:
        self.body.append(body)

    def on_message_complete(self) -> None:
        self.is_whole = True

    @property
    def ends_with_connection(self) -> bool:
        """Whether nothing but its end says how long the body is."""
        return not self.fields.keys() & {b"content-length", b"transfer-encoding"}


async def _receive(reader: asyncio.StreamReader, upload: Upload, limit: int) -> None:
    """Read an answer into `upload`."""
    answer, received = _Answer(), 0
    parser = httptools.HttpResponseParser(answer)
    is_checked = False
    while not answer.is_whole:
        data = await reader.read(_READ_BYTES)
        if not data:
            if answer.has_head and answer.ends_with_connection:
                return
            raise NotFetchedError("its host hung up before the end")
        received += len(data)
        # chunks have sizes and more around them, without end if one likes
        if received > (_HEAD_BYTES + 2 * limit if answer.has_head else _HEAD_BYTES):
            raise NotFetchedError("its host sends far more than a picture")
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            raise NotFetchedError("its host doesn't speak HTTP") from None
        if answer.has_head and not is_checked:
            _check(parser.get_status_code(), answer.fields, upload.pointer, limit)
            is_checked = True
        for piece in answer.body:
            upload.write(piece)
        answer.body.clear()


def _check(status: int, fields: dict[bytes, bytes], pointer: str, limit: int) -> None:
    if 300 <= status < 400:
        raise NotFetchedError("it leads elsewhere; name the address that it leads to")
    if status != 200:
        raise NotFetchedError(f"its host answers {status}")
    if fields.get(b"content-encoding", b"identity").lower() != b"identity":
        raise NotFetchedError("its host sends it compressed though asked not to")
    length = fields.get(b"content-length", b"0")
    if length.isdigit() and (len(length) > 18 or int(length) > limit):
        raise image_too_large(pointer, limit)


def _target(url: str, ports: frozenset[int]) -> Target:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or HTTPS_PORT
    except ValueError:
        raise NotFetchedError("it can't be read") from None
    is_plain = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme != "https" or not host or not is_plain:
        raise NotFetchedError("it must be https://host/path, in ASCII")
    if parts.username is not None or parts.password is not None:
        raise NotFetchedError("it has a name or password in it")
    if port not in ports:
        raise NotFetchedError("it names a port other than that of https")
    path = parts.path or "/"
    return Target(host, port, f"{path}?{parts.query}" if parts.query else path)


def _request(target: Target) -> bytes:
    lines = (
        f"GET {target.path} HTTP/1.1",
        f"Host: {target.authority}",
        f"User-Agent: genart/{version('genart')}",
        "Accept: image/*",
        "Accept-Encoding: identity",
        "Connection: close",
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()


def _not_fetched(pointer: str, why: str) -> ProblemError:
    detail = f"the picture at this address can't be fetched: {why}"
    complaint = {"pointer": pointer, "detail": detail}
    return ProblemError("url_not_fetched", about(pointer, detail), errors=[complaint])
