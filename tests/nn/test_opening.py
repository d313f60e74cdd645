"""Picture files as networks look at them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from genart_core.nn.image import decode
from genart_core.nn.opening import open_photo
from tests.support.pictures import files


def test_a_file_that_is_no_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "fake.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"fake\.png can't be read as a picture"):
        open_photo(tmp_path / "fake.png")


def test_a_file_that_is_not_there_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.png can't be read as a picture: No such file"):
        open_photo(tmp_path / "none.png")


def test_a_picture_that_is_cut_off_is_named(tmp_path: Path) -> None:
    for format in ("jpeg", "png", "webp"):
        path = tmp_path / f"cut.{format}"
        Image.effect_noise((64, 64), 80).convert("RGB").save(path)
        path.write_bytes(path.read_bytes()[:-300])
        with pytest.raises(ValueError, match=rf"cut\.{format} can't be read as a picture"):
            open_photo(path)


def test_grey_of_sixteen_bits_is_seen_as_grey_of_eight(tmp_path: Path) -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    Image.fromarray(ramp).save(tmp_path / "grey.png")
    Image.fromarray(ramp.astype(np.uint16) * 257).save(tmp_path / "deep.png")

    grey, deep = (np.asarray(open_photo(tmp_path / name)) for name in ("grey.png", "deep.png"))

    np.testing.assert_array_equal(deep, grey)
    assert deep[..., 0].ravel().tolist() == list(range(256))


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_usual_photographs_have_the_pixels_that_they_are_decoded_to(
    tmp_path: Path, mode: str, orientation: int
) -> None:
    image = Image.effect_noise((40, 24), 90).convert(mode)
    exif = image.getexif()
    exif[0x0112] = orientation
    image.save(tmp_path / "photo.jpg", exif=exif)

    found = open_photo(tmp_path / "photo.jpg")

    with Image.open(tmp_path / "photo.jpg") as wanted:
        np.testing.assert_array_equal(found, ImageOps.exif_transpose(wanted).convert("RGB"))


@pytest.mark.parametrize("name", sorted(files()))
def test_every_picture_is_seen_as_dream_and_style_see_it(tmp_path: Path, name: str) -> None:
    data = files()[name]
    (tmp_path / name).write_bytes(data)

    found = np.asarray(open_photo(tmp_path / name)) / 255.0

    wanted = decode(data, max_pixels=10**6).rgb.permute(1, 2, 0).numpy()
    np.testing.assert_allclose(found, wanted, atol=0.5 / 255 + 1e-6)
