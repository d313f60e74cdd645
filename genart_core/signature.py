"""What made a picture, as JSON inside its file: written by the worker, read back by the gateway.

The places that each format has for such a thing, so that the pixels stay untouched and every other
reader goes over it:

1. PNG (third edition), 11.3.3.2: a `tEXt` chunk under the keyword `genart made`, before the pixels.
2. JPEG (T.81), B.2.4.5: a comment segment that begins with that keyword and a zero byte.
3. WebP (RFC 9649), 2.7.1.6: a chunk `GENA` at the end of an extended file.
4. GIF89a, 24: a comment extension at the end, whose first block is that keyword.
"""

import json
import struct
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

KEYWORD = b"genart made\0"
MAX_BYTES = 1024 * 1024  # of the JSON

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_HEAD = len(_PNG) + 25  # with the first chunk, which must be IHDR
_WEBP_CHUNK = b"GENA"
_GIF, _GIF_END = b"GIF89a", b";"
_GIF_COMMENT = b"!\xfe" + bytes([len(KEYWORD)]) + KEYWORD
_GIF_BLOCK = 255  # bytes
_JPEG_ROOM = 65_533 - len(KEYWORD)  # a segment's length has 16 bits and counts itself
_DEFLATED = b"\1"  # no JSON begins with it
_SOI, _COM, _APP0, _APP15 = b"\xff\xd8", 0xFE, 0xE0, 0xEF
_MAX_PARTS = 10_000  # chunks or segments that are looked through


def statement(
    kind: str, request: Mapping[str, Any], *, version: str, weights: Mapping[str, str]
) -> bytes:
    """Return what a picture says of itself: enough to make it again."""
    made = {"kind": kind, "request": request, "version": version, "weights": weights}
    return json.dumps(made, separators=(",", ":")).encode()


def sign(data: bytes, made: bytes) -> bytes:
    """Return a picture's file with JSON in it that says what made it.

    What is no PNG, JPEG, extended WebP or GIF comes back as it is; so does a JPEG if the JSON is
    more than it can carry.
    """
    if data.startswith(_PNG):
        body = b"tEXt" + KEYWORD + made
        return data[:_PNG_HEAD] + _png_chunk(body) + data[_PNG_HEAD:]
    if data.startswith(_SOI):
        text = made if len(made) <= _JPEG_ROOM else _DEFLATED + zlib.compress(made, 9)
        if len(text) > _JPEG_ROOM:
            return data
        at = _after_application_segments(data)
        segment = struct.pack(">BBH", 0xFF, _COM, 2 + len(KEYWORD) + len(text)) + KEYWORD + text
        return data[:at] + segment + data[at:]
    if _is_extended_webp(data):
        chunk = _WEBP_CHUNK + struct.pack("<I", len(made)) + made + b"\0" * (len(made) % 2)
        size = struct.pack("<I", len(data) - 8 + len(chunk))
        return data[:4] + size + data[8:] + chunk
    if data.startswith(_GIF) and data.endswith(_GIF_END):
        parts = [made[i : i + _GIF_BLOCK] for i in range(0, len(made), _GIF_BLOCK)]
        blocks = b"".join(bytes([len(part)]) + part for part in parts)
        return data[: -len(_GIF_END)] + _GIF_COMMENT + blocks + b"\0" + _GIF_END
    return data


def read_signature(data: bytes) -> bytes | None:
    """Return the JSON that `sign` put into a file, None if there is none.

    Anybody can write such a thing: it is to be checked like any request.
    """
    if data.startswith(_PNG):
        found = _first(_png_texts(data))
    elif data.startswith(_SOI):
        found = _first(_jpeg_comments(data))
    elif _is_extended_webp(data):
        *_, found = (None, *_webp_chunks(data))
    elif data.startswith(_GIF):
        found = _last_gif_comment(data)
    else:
        return None
    if found is not None and found.startswith(_DEFLATED):
        found = _inflated(found[1:])
    return found if found is not None and len(found) <= MAX_BYTES else None


def _first(texts: Iterator[bytes]) -> bytes | None:
    return next((text[len(KEYWORD) :] for text in texts if text.startswith(KEYWORD)), None)


def _png_chunk(body: bytes) -> bytes:
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def _png_texts(data: bytes) -> Iterator[bytes]:
    """Yield the `tEXt` chunks before the pixels."""
    at = len(_PNG)
    for _ in range(_MAX_PARTS):
        if at + 8 > len(data):
            return
        length, name = struct.unpack_from(">I4s", data, at)
        if name == b"IDAT":
            return
        if name == b"tEXt" and length <= len(KEYWORD) + MAX_BYTES:
            yield data[at + 8 : at + 8 + length]
        at += 12 + length


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (marker, begin, end) of each segment before the pixels."""
    at = len(_SOI)
    for _ in range(_MAX_PARTS):
        if at + 4 > len(data):
            return
        prefix, marker, length = struct.unpack_from(">BBH", data, at)
        if prefix != 0xFF or marker == 0xDA or length < 2:
            return
        yield marker, at, at + 2 + length
        at += 2 + length


def _jpeg_comments(data: bytes) -> Iterator[bytes]:
    for marker, begin, end in _jpeg_segments(data):
        if marker == _COM:
            yield data[begin + 4 : end]


def _after_application_segments(data: bytes) -> int:
    """Return where the segments end that must come first: JFIF, EXIF, colour profiles."""
    at = len(_SOI)
    for marker, begin, end in _jpeg_segments(data):
        if not _APP0 <= marker <= _APP15:
            return begin
        at = end
    return min(at, len(data))


def _is_extended_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8X"


def _webp_chunks(data: bytes) -> Iterator[bytes]:
    """Yield the chunks of ours."""
    at = 12
    for _ in range(_MAX_PARTS):
        if at + 8 > len(data):
            return
        name, length = struct.unpack_from("<4sI", data, at)
        if name == _WEBP_CHUNK:
            yield data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2


def _last_gif_comment(data: bytes) -> bytes | None:
    """Return the last comment of ours, of as many blocks as JSON may have."""
    at = data.rfind(_GIF_COMMENT)
    if at < 0:
        return None
    at += len(_GIF_COMMENT)
    blocks: list[bytes] = []
    while at < len(data) and data[at] and len(blocks) <= MAX_BYTES // _GIF_BLOCK:
        blocks.append(data[at + 1 : at + 1 + data[at]])
        at += 1 + data[at]
    return b"".join(blocks)


def _inflated(data: bytes) -> bytes | None:
    try:
        return zlib.decompressobj().decompress(data, MAX_BYTES + 1)
    except zlib.error:
        return None
