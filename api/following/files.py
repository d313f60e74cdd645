"""Stored files as answers: whole or in part, with their entity tag and a name."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from api.dependencies import Gateway
from api.http.errors import ProblemError
from api.http.headers import ByteRange, byte_range, fields_of, is_known

log = logging.getLogger(__name__)

_RETRY_AFTER = {"retry-after": "2"}
_SUFFIXES = {
    "text/plain": "txt",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "image/tiff": "tif",
    "video/mp4": "mp4",
    "audio/wav": "wav",
    "application/json": "json",
}


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that never changes. `seconds` is how long it will be there."""

    path: str
    media_type: str
    bytes: int
    sha256: str
    name: str
    seconds: int


def suffix_of(media_type: str) -> str:
    """Return how the names of such files end."""
    return _SUFFIXES.get(media_type.partition(";")[0].strip(), "bin")


async def file_response(request: Request, gateway: Gateway, file: StoredFile) -> Response:
    """Return a file, or the part of it that `Range` asks for, or 304.

    Raises:
        FileNotFoundError: if it isn't there.
        ProblemError: `range_not_satisfiable`, or `files_unavailable`.
    """
    fields, tag = fields_of(request.scope), f'"{file.sha256}"'
    headers = {
        "content-type": file.media_type,
        "content-disposition": f'inline; filename="{file.name}"',
        "etag": tag,
        "accept-ranges": "bytes",
        # it never changes, but it goes
        "cache-control": f"private, max-age={file.seconds}, immutable",
    }
    if is_known(fields, tag):
        return Response(status_code=304, headers=headers)
    part = byte_range(fields, file.bytes, tag)
    start, end = part or ByteRange(0, file.bytes)
    headers["content-length"] = str(end - start)
    if part:
        headers["content-range"] = f"bytes {start}-{end - 1}/{file.bytes}"
    chunks = gateway.blobs.read(file.path, start, end)
    with reading():
        first = await asyncio.to_thread(next, chunks, b"")
    status = 206 if part else 200
    # its type as a header of its own: the framework would add a charset to it
    return StreamingResponse(streamed(chain((first,), chunks)), status, headers, media_type=None)


@contextmanager
def reading() -> Iterator[None]:
    """Let a store of files that is away be a problem that passes, not a fault of the gateway."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        log.warning("files can't be read: %s", error)
        detail = "The file can't be read at present"
        raise ProblemError("files_unavailable", detail, headers=_RETRY_AFTER) from error


async def streamed(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Yield pieces, each of which is read in a thread."""
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece
