"""Damage to pictures: bits, ends, chunks with sums that are right all the same, sizes that lie."""

import struct
import zlib
from collections.abc import Callable
from functools import cache
from random import Random
from typing import TypeAlias

from benchmarks.borders.pictures import picture, plain
from benchmarks.borders.texts import flipped, junk

Damage: TypeAlias = Callable[[Random], bytes]

_PNG = b"\x89PNG\r\n\x1a\n"
_SIDES = (0, 1, 7070, 30_000, 65_535, 2**31 - 1, 2**31, 2**32 - 1)
_BOMB_BYTES = 30_000_000  # what an innocent little chunk swells to


def bits(random: Random) -> bytes:
    """Flip a few bits."""
    return flipped(random, picture(random)[1], 24)


def ends(random: Random) -> bytes:
    """Cut the end off, repeat it, or put something behind it."""
    data = picture(random)[1]
    cut = data[: random.randint(0, len(data))]
    return random.choice((cut, cut, data + junk(random, 500), data + data, data + b"PK\3\4", b""))


def pieces(random: Random) -> bytes:
    """Take a piece out, double one, exchange two, or overwrite one with zeros or ones."""
    data = picture(random)[1]
    a, b = sorted(random.randrange(len(data) + 1) for _ in range(2))
    fill = random.choice((b"\0", b"\xff", b"\x80"))
    return random.choice(
        (
            data[:a] + data[b:],
            data[:b] + data[a:b] * random.choice((1, 40)) + data[b:],
            data[:a] + fill * (b - a) + data[b:],
            data[b:] + data[:b],
            data[:a] + picture(random)[1] + data[a:],
        )
    )


def chunks(random: Random) -> bytes:
    """Change, drop, double or reorder the chunks of a PNG, whose sums are right again."""
    parts = _chunks_of(_a_png(random))
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(parts))
        kind, data = parts[at]
        change = random.randrange(6)
        if change == 0:
            parts[at] = (kind, flipped(random, data))
        elif change == 1:
            parts.pop(at)
        elif change == 2:
            parts.insert(random.randrange(len(parts) + 1), (kind, data))
        elif change == 3:
            random.shuffle(parts)
        elif change == 4:
            parts[at] = (kind, data[: random.randint(0, len(data))])
        else:
            parts.insert(at, (random.choice(_KINDS), junk(random, 200)))
        if not parts:
            break
    return _png(parts)


def sizes(random: Random) -> bytes:
    """Say that a picture has other dimensions than it has: in PNG, JPEG, GIF, BMP."""
    width, height = random.choice(_SIDES), random.choice(_SIDES)
    name, data = picture(random)
    if name == "JPEG":
        at = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
        return data[: at + 5] + struct.pack(">HH", height & 0xFFFF, width & 0xFFFF) + data[at + 9 :]
    if name == "GIF":
        return data[:6] + struct.pack("<HH", width & 0xFFFF, height & 0xFFFF) + data[10:]
    if name == "BMP":
        return data[:18] + struct.pack("<II", width, height) + data[26:]
    parts = _chunks_of(_a_png(random))
    kind, header = parts[0]
    lie = struct.pack(">II", width, height) + header[8:]
    if random.random() < 0.4:
        lie = lie[:8] + bytes(random.choice(range(256)) for _ in range(5))
    return _png([(kind, lie), *parts[1:]])


def bombs(random: Random) -> bytes:
    """Pack much into little: pixels, texts, profiles, frames."""
    swollen = _swollen()
    header, *rest = _chunks_of(plain())
    large = (b"IHDR", struct.pack(">IIBBBBB", *random.choice(_LARGE), 8, 0, 0, 0, 0))
    return random.choice(
        (
            _png([large, (b"IDAT", swollen), (b"IEND", b"")]),
            _png([header, (b"zTXt", b"genart\0\0" + swollen), *rest]),
            _png([header, (b"iTXt", b"genart\0\1\0\0\0" + swollen), *rest]),
            _png([header, (b"iCCP", b"icc\0\0" + swollen), *rest]),
            _png([header, *[(b"tEXt", b"genart\0{}")] * 20_000, *rest]),
            _png([header, (b"acTL", struct.pack(">II", 2**31 - 1, 0)), *rest]),
            b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + b"\0\0\0" + _GIF_FRAME * 20_000 + b";",
            b"BM"
            + struct.pack("<IHHIIiiHHIIiiII", 54, 0, 0, 54, 40, 60_000, 60_000, 1, 1, 0, *[0] * 5),
            b"II*\0\x08\0\0\0"
            + struct.pack("<H", 1)
            + struct.pack("<HHII", 256, 4, 2**31, 8)
            + b"\x08\0\0\0",
            b"RIFF\xff\xff\xff\xffWEBPVP8X\x0a\0\0\0\x02\0\0\0" + b"\xff" * 6,
        )
    )


def disguises(random: Random) -> bytes:
    """What is no picture, or one that is also something else."""
    good = picture(random)[1]
    return random.choice(
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
            b"%PDF-1.7\n" + good,
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) (r) file\n",
            b"<html><script>alert(1)</script>" + good,
            good[:4] + b"<html>" + good[4:],
            b"P6 4 4 255\n" + bytes(48),
            b"\0\0\1\0\1\0" + good,
            b"8BPS\0\1" + junk(random, 100),
            b"",
            junk(random, 400),
        )
    )


DAMAGES: dict[str, Damage] = {
    "bits": bits,
    "ends": ends,
    "pieces": pieces,
    "chunks": chunks,
    "sizes": sizes,
    "bombs": bombs,
    "disguises": disguises,
}
_KINDS = (
    b"tRNS",
    b"PLTE",
    b"iCCP",
    b"zTXt",
    b"eXIf",
    b"gAMA",
    b"cHRM",
    b"fcTL",
    b"fdAT",
    b"sBIT",
    b"XXXX",
)
_LARGE = ((5400, 5500), (30_000, 1000), (2**31 - 1, 1), (1, 2**31 - 1), (60_000, 60_000))
_GIF_FRAME = b",\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0"


@cache
def _swollen() -> bytes:
    return zlib.compress(bytes(_BOMB_BYTES), 9)


def _a_png(random: Random) -> bytes:
    while True:
        name, data = picture(random)
        if name == "PNG":
            return data


def _chunks_of(data: bytes) -> list[tuple[bytes, bytes]]:
    parts, at = [], len(_PNG)
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        parts.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return parts


def _png(parts: list[tuple[bytes, bytes]]) -> bytes:
    whole = [_PNG]
    for kind, data in parts:
        whole += [
            struct.pack(">I", len(data)),
            kind,
            data,
            struct.pack(">I", zlib.crc32(kind + data)),
        ]
    return b"".join(whole)
