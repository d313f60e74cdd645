"""Pictures by https address, fetched from where the guard (`api.outgoing.dial`) lets us go.

No redirect is followed. Time, bytes of the head and of the body are bounded as they come. Nothing
is inflated. What the file is, its bytes tell.
"""

import asyncio
import logging
import ssl
from importlib.metadata import version

import httptools

from api.http.errors import ProblemError
from api.incoming.uploads import Upload, image_too_large, wrong_picture
from api.outgoing.addresses import is_public
from api.outgoing.dial import HTTPS_PORT, Allow, Dialer, NotReachedError, Resolve, Target, target_of

log = logging.getLogger(__name__)

AT_ONCE = 8  # fetches of one gateway
_HEAD_BYTES = 64 * 1024
_READ_BYTES = 64 * 1024


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
        self._dialer = Dialer(context=context, resolve=resolve, allow=allow)
        self._max_bytes = max_bytes
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
                await self._fetch(target_of(url, self._ports), upload)
        except NotReachedError as error:
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
        self._dialer.close()

    async def _fetch(self, target: Target, upload: Upload) -> None:
        reader, writer = await self._dialer.connect(target)
        try:
            writer.write(_request(target))
            await _receive(reader, upload, self._max_bytes)
        except (OSError, ssl.SSLError) as error:
            log.info("fetching from %s broke: %s", target.host, error)
            raise NotReachedError("the connection broke") from None
        finally:
            writer.transport.abort()


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
            raise NotReachedError("its host hung up before the end")
        received += len(data)
        # chunks have sizes and more around them, without end if one likes
        if received > (_HEAD_BYTES + 2 * limit if answer.has_head else _HEAD_BYTES):
            raise NotReachedError("its host sends far more than a picture")
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            raise NotReachedError("its host doesn't speak HTTP") from None
        if answer.has_head and not is_checked:
            _check(parser.get_status_code(), answer.fields, upload.pointer, limit)
            is_checked = True
        for piece in answer.body:
            upload.write(piece)
        answer.body.clear()


def _check(status: int, fields: dict[bytes, bytes], pointer: str, limit: int) -> None:
    if 300 <= status < 400:
        raise NotReachedError("it leads elsewhere; name the address that it leads to")
    if status != 200:
        raise NotReachedError(f"its host answers {status}")
    if fields.get(b"content-encoding", b"identity").lower() != b"identity":
        raise NotReachedError("its host sends it compressed though asked not to")
    length = fields.get(b"content-length", b"0")
    if length.isdigit() and (len(length) > 18 or int(length) > limit):
        raise image_too_large(pointer, limit)


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
    return wrong_picture("url_not_fetched", pointer, detail)
