"""What made a picture, inside its file."""

import io
import json
import zlib
from typing import Literal, TypeAlias

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from genart_core.nn.image import Picture, decode, encode, encode_film, read_metadata
from genart_core.signature import MAX_BYTES, read_signature, sign
from tests.support.pictures import exif, files, profile, saved, scene

MADE = json.dumps({"kind": "dream", "request": {"seed": 1, "title": "gr\u00fcn"}}).encode()
Format: TypeAlias = Literal["png", "jpeg", "webp", "gif"]
FORMATS: tuple[Format, ...] = ("png", "jpeg", "webp", "gif")
FILES = files()


def ours(format: Format, **metadata: object) -> bytes:
    """Return a file as the arts write it."""
    rgb = torch.rand(3, 12, 16, generator=torch.Generator().manual_seed(1))
    if format == "gif":
        film = [rgb, 1.0 - rgb]
        return encode_film(film, format, frame_ms=80, is_loop=True, metadata=metadata).data
    return encode(Picture(rgb), format, metadata=metadata).data


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as image:
        return image.convert("RGBA").tobytes()


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_written_is_read_back_and_the_pixels_stay(format: Format) -> None:
    plain = ours(format, seed=1)

    signed = sign(plain, MADE)

    assert (read_signature(plain), read_signature(signed)) == (None, MADE)
    assert pixels(signed) == pixels(plain)
    assert read_metadata(signed) == {"seed": 1}, "what the art itself wrote is still there"
    assert torch.equal(decode(signed, max_pixels=999).rgb, decode(plain, max_pixels=999).rgb)


@pytest.mark.parametrize("name", FILES)
def test_any_picture_stays_the_picture_that_it_was(name: str) -> None:
    signed = sign(FILES[name], MADE)

    assert pixels(signed) == pixels(FILES[name])
    assert read_signature(signed) == (None if signed == FILES[name] else MADE)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
def test_orientation_and_profile_are_still_found(format: str) -> None:
    plain = saved(scene(), format, exif=exif(6), icc_profile=profile())

    with Image.open(io.BytesIO(sign(plain, MADE))) as image:
        assert image.getexif()[0x0112] == 6
        assert image.info["icc_profile"]


@pytest.mark.parametrize("format", FORMATS)
def test_newest_signature_counts(format: Format) -> None:
    assert read_signature(sign(sign(ours(format), b'{"old":1}'), MADE)) == MADE


@pytest.mark.parametrize("format", FORMATS)
def test_long_signature_is_carried(format: Format) -> None:
    made = json.dumps({"layers": ["relu5_1"] * 20_000}).encode()

    assert read_signature(sign(ours(format), made)) == made


def test_jpeg_that_can_not_carry_it_stays_as_it_is() -> None:
    made = bytes(
        torch.randint(97, 122, (200_000,), generator=torch.Generator().manual_seed(1)).byte()
    )

    assert sign(ours("jpeg"), made) == ours("jpeg")


@pytest.mark.parametrize("format", FORMATS)
def test_more_than_any_request_is_not_read(format: Format) -> None:
    assert read_signature(sign(ours(format), b" " * (MAX_BYTES + 1))) is None


def test_bomb_is_not_inflated() -> None:
    bomb = b"\1" + zlib.compress(bytes(50_000_000), 9)

    assert read_signature(sign(ours("jpeg"), bomb)) is None


@given(st.binary(max_size=200), st.integers(0, 400), st.sampled_from(FORMATS))
@settings(max_examples=200)
def test_damage_is_never_more_than_no_signature(noise: bytes, at: int, format: Format) -> None:
    signed = sign(ours(format), MADE)
    damaged = signed[:at] + noise + signed[at + len(noise) :]

    for data in (damaged, signed[:at], noise, signed[:12] + noise):
        found = read_signature(data)
        assert found is None or len(found) <= MAX_BYTES
        sign(data, MADE)
