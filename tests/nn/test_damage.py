"""Files that are cut off or changed: a picture, or the promised error, and nothing else."""

import contextlib
import random

import pytest

from genart_core.errors import ArtError, InvalidImageError
from genart_core.pictures import inspect
from tests.support.pictures import chunk

from .pictures import FILES, ROOM, read

pytestmark = pytest.mark.usefixtures("one_thread")


class TestDamage:
    @pytest.mark.parametrize("form", FILES)
    def test_every_truncation_is_told(self, form: str) -> None:
        data = FILES[form]

        for length in range(0, len(data), max(1, len(data) // 60)):
            survives(data[:length])

        with pytest.raises(ArtError) as caught:
            read(data[: len(data) // (9 if form.endswith("film") else 3)])
        assert caught.value.code == "invalid_image"

    @pytest.mark.parametrize("form", FILES)
    def test_mutated_files_are_pictures_or_told(self, form: str) -> None:
        dice = random.Random(form)  # a seed of its own for each form

        outcomes = [survives(mutated(FILES[form], dice)) for _ in range(160)]

        assert not all(outcomes)

    def test_damaged_pixels_of_a_whole_file_are_told(self) -> None:
        data = bytearray(FILES["PNG rgba"])
        at = data.index(b"IDAT") + 12
        data[at : at + 8] = b"\xff" * 8

        with pytest.raises(ArtError, match="damaged"):
            read(bytes(data))


def survives(data: bytes) -> bool:
    """Whether the bytes are a picture; anything but a sound one or the promised error fails."""
    with contextlib.suppress(InvalidImageError):
        inspect(data, max_pixels=ROOM)
    try:
        picture = read(data)
    except ArtError as error:
        if error.code != "invalid_image":
            raise
        return False
    assert picture.rgb.dim() == 3
    assert len(picture.rgb) == 3
    assert picture.rgb.numel() <= 3 * ROOM
    assert picture.rgb.min() >= 0
    assert picture.rgb.max() <= 1
    return True


def mutated(data: bytes, dice: random.Random) -> bytes:
    """Return the file with a few bytes changed, cut, doubled, or set to extremes."""
    changed = bytearray(data)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(changed)) if dice.random() < 0.5 else dice.randrange(60)
        length = dice.choice((1, 1, 2, 4, 8))
        match dice.randrange(5):
            case 0:
                changed[at : at + length] = dice.randbytes(length)
            case 1:
                changed[at : at + length] = dice.choice((b"\xff", b"\0", b"\x7f")) * length
            case 2:
                del changed[at : at + length]
            case 3:
                changed[at:at] = changed[at : at + 40]
            case 4:
                del changed[max(at, 61) :]
    return mended(bytes(changed)) if dice.random() < 0.7 else bytes(changed)


def mended(data: bytes) -> bytes:
    """Return a PNG with right checksums, so that damage gets past them; others as they are."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n"):
        return data
    parts, at = [data[:8]], 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        parts.append(chunk(data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return b"".join([*parts, data[at:]])
