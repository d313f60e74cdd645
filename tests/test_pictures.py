import io
import struct
import subprocess
import sys
import time
import zlib

import pytest
from PIL import Image

from genart_core import pictures
from genart_core.errors import InvalidImageError, TooManyPixelsError
from genart_core.pictures import MEDIA_TYPES, inspect
from tests.support.pictures import exif, files, held, saved, scene

FILES = files()
ROOM = 100_000


@pytest.mark.parametrize("form", FILES)
def test_the_facts_are_those_of_the_file(form: str) -> None:
    facts = inspect(FILES[form], max_pixels=ROOM)

    name = form.split()[0]
    turned = form in ("PNG rgb", "JPEG rgb", "WEBP lossy", "TIFF rgb")  # those with EXIF
    assert (facts.format, facts.media_type) == (name, MEDIA_TYPES[name])
    assert (facts.width, facts.height) == ((16, 24) if turned else (24, 16))
    assert facts.bytes == len(FILES[form])
    assert facts.frames == (3 if form.endswith("film") else 1)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_size_is_as_shown(format: str, orientation: int) -> None:
    data = saved(held(scene(30, 20), orientation), format, exif=exif(orientation))

    facts = inspect(data, max_pixels=ROOM)

    assert (facts.width, facts.height) == (30, 20)


def test_several_views_of_one_photograph_are_a_jpeg() -> None:
    data = saved(scene(), "MPO", save_all=True, append_images=[scene()])

    assert inspect(data, max_pixels=ROOM).format == "JPEG"
    assert inspect(data, max_pixels=ROOM).frames == 1


@pytest.mark.parametrize("form", ["PNG rgb", "JPEG rgb", "WEBP film", "GIF film", "TIFF deep"])
def test_no_pixel_is_decoded(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("pixels were decoded")

    monkeypatch.setattr(Image.Image, "load", refuse)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", refuse)
    monkeypatch.setattr("PIL.WebPImagePlugin.WebPImageFile.load", refuse)

    assert inspect(FILES[form], max_pixels=ROOM).width


@pytest.mark.parametrize("form", FILES)
def test_too_many_pixels_are_told_with_their_number(form: str) -> None:
    for allowed in (383, 100):  # a few too many, and several times as many
        with pytest.raises(TooManyPixelsError, match=rf"384 pixels; at most {allowed}") as caught:
            inspect(FILES[form], max_pixels=allowed)
        assert caught.value.code == "invalid_image"

    assert inspect(FILES[form], max_pixels=384).bytes


def test_a_bomb_is_refused_by_its_header() -> None:
    # 10 Gpx of one colour in 100 bytes; a decoder that believes it takes 30 GB
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99))

    with pytest.raises(TooManyPixelsError, match=r"10,000,000,000 pixels"):
        inspect(bomb, max_pixels=50_000_000)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"hello",
        b"GIF89a",
        b"\xff\xd8\xff",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)
def test_what_is_no_picture_is_told_with_the_formats(data: bytes) -> None:
    with pytest.raises(InvalidImageError) as caught:
        inspect(data, max_pixels=ROOM)

    assert type(caught.value) is InvalidImageError
    assert "picture" in str(caught.value)


@pytest.mark.parametrize("format", ["ICO", "PPM", "TGA", "PCX", "JPEG2000", "AVIF", "PDF"])
def test_formats_that_are_not_listed_are_not_tried(format: str) -> None:
    with pytest.raises(InvalidImageError, match="allowed: PNG, JPEG, WEBP, GIF, BMP, TIFF"):
        inspect(saved(scene(32, 32), format), max_pixels=ROOM)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF"])
def test_a_million_empty_blocks_are_refused_in_time(form: str) -> None:
    many = 4_000_000
    data = {
        "JPEG": FILES["JPEG rgb"][:2] + b"\xff\xe5\x00\x02" * many + FILES["JPEG rgb"][2:],
        "PNG": FILES["PNG rgba"][:33] + chunk(b"eeEe", b"") * many + FILES["PNG rgba"][33:],
        "GIF": FILES["GIF still"][:-1] + b"!\xfe\0" * many + FILES["GIF still"][-1:],
    }[form]
    start = time.process_time()

    with pytest.raises(InvalidImageError, match="blocks"):
        inspect(data, max_pixels=ROOM)

    assert time.process_time() - start < 5.0  # a decoder's own way takes ten times as long


def test_later_frames_may_be_damaged() -> None:
    whole = FILES["GIF film"]
    middle = whole.index(b"\x21\xf9", whole.index(b"\x21\xf9") + 2)

    facts = inspect(whole[: middle + 12], max_pixels=ROOM)

    assert (facts.width, facts.height) == (24, 16)


def test_broken_exif_is_no_reason_to_refuse() -> None:
    data = saved(scene(), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff" + b"\xff" * 50)

    assert inspect(data, max_pixels=ROOM).width == 24


def test_pillow_comes_with_the_first_picture() -> None:
    program = "import sys, genart_core.pictures; print('PIL' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "False"


def test_reads_are_counted_per_file() -> None:
    for _ in range(3):
        metered = pictures._MeteredBytes(b"abc")
        assert metered.read(1) == b"a"
        assert metered.reads == 1


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a PNG chunk."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def test_a_small_limit_binds_nobody_else_in_the_process() -> None:
    data = saved(scene(300, 200), "PNG")
    with pytest.raises(TooManyPixelsError):
        inspect(data, max_pixels=100)

    with Image.open(io.BytesIO(data)) as image:
        assert image.size == (300, 200)
