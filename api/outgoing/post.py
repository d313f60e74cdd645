"""One message, posted to where a caller wants it, and what was answered.

Nothing of an answer but its status and `Retry-After` is of interest; no redirect is followed.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version

import httptools

from api.outgoing.dial import Dialer, NotReachedError, Target

_HEAD_BYTES = 64 * 1024
_READ_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said; `retry_after` is in seconds."""

    status: int
    retry_after: float = 0.0


async def post(dialer: Dialer, target: Target, headers: Mapping[str, str], body: bytes) -> Answer:
    """Post a JSON body and return the answer; it takes as long as it takes.

    Raises:
        NotReachedError: if none came.
    """
    reader, writer = await dialer.connect(target)
    try:
        writer.write(_request(target, headers, body))
        await writer.drain()
        return await _answer(reader)
    except (OSError, ssl.SSLError):
        raise NotReachedError("the connection broke") from None
    finally:
        writer.transport.abort()


class _Head:
    """What the parser makes of the head of an answer."""

    def __init__(self) -> None:
        self.fields: dict[bytes, bytes] = {}
        self.is_whole = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.is_whole:
            self.fields[name.lower()] = value.strip()

    def on_headers_complete(self) -> None:
        self.is_whole = True


async def _answer(reader: asyncio.StreamReader) -> Answer:
    head, received = _Head(), 0
    parser = httptools.HttpResponseParser(head)
    while not head.is_whole:
        data = await reader.read(_READ_BYTES)
        received += len(data)
        if not data or received > _HEAD_BYTES:
            raise NotReachedError("its host hung up, or said too much, before it answered")
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if not head.is_whole:  # what follows the head is not read
                raise NotReachedError("its host doesn't speak HTTP") from None
    return Answer(parser.get_status_code(), _seconds(head.fields.get(b"retry-after", b"")))


def _seconds(field: bytes) -> float:
    """Read `Retry-After`: seconds, or a moment (RFC 9110, 10.2.3); 0 if it says nothing."""
    text = field.decode("latin-1")
    if text.isascii() and text.isdigit():
        return float(text[:18])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


def _request(target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    fields = {
        "Host": target.authority,
        "User-Agent": f"genart/{version('genart')}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **headers,
    }
    lines = [f"POST {target.path} HTTP/1.1", *(f"{name}: {said}" for name, said in fields.items())]
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode() + body
