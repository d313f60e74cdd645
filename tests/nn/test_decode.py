"""Pictures as people have them: of every form, depth and colour space, held any way."""

import struct
import subprocess
import sys
import zlib
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageChops, ImageCms

from genart_core.errors import ArtError
from genart_core.nn.image import decode
from tests.support.pictures import chunk, exif, held, saved, scene, with_alpha

from .pictures import FILES, STEP, levels, read

pytestmark = pytest.mark.usefixtures("one_thread")


def plain(image: Image.Image) -> np.ndarray[Any, Any]:
    return np.asarray(image.convert("RGB"))


class TestDecode:
    @pytest.mark.parametrize("form", FILES)
    def test_each_form_shows_the_scene(self, form: str) -> None:
        picture = read(FILES[form])

        height, width = picture.rgb.shape[1:]
        assert {height, width} == {16, 24}
        assert picture.rgb.dtype == torch.float32
        assert picture.rgb.is_contiguous()
        upright = picture.rgb if width == 24 else picture.rgb.mT.flip(-2)  # undoes orientation 6
        quarters = [upright[:, y, x] for y, x in ((6, 9), (6, 20), (12, 9), (12, 23))]
        if "deep" in form or "grey" in form:
            wanted = [[0.26] * 3, [0.5] * 3, [0.1] * 3, [1.0] * 3]
        else:
            wanted = [[0.86, 0, 0], [0, 0.86, 0], [0, 0, 0.86], [1.0] * 3]
        for quarter, colour in zip(quarters, wanted, strict=True):
            torch.testing.assert_close(quarter, torch.tensor(colour), atol=0.13, rtol=0)

    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF"])
    def test_pictures_come_upright(self, format: str, orientation: int) -> None:
        options: dict[str, dict[str, Any]] = {
            "JPEG": {"quality": 95, "subsampling": 0},
            "WEBP": {"lossless": True},
        }
        stored = held(scene(32, 16), orientation)

        picture = read(saved(stored, format, exif=exif(orientation), **options.get(format, {})))

        error = np.abs(levels(picture).astype(int) - plain(scene(32, 16)))
        assert error.mean() < (3 if format == "JPEG" else 1e-9)

    def test_orientation_behind_the_pixels_counts(self) -> None:
        data = saved(held(scene(), 8), "PNG")
        body = exif(8).removeprefix(b"Exif\0\0")
        late = data[:-12] + chunk(b"eXIf", body) + data[-12:]

        assert np.array_equal(levels(read(late)), plain(scene()))

    @pytest.mark.parametrize("form", ["PNG", "TIFF"])
    def test_16_bit_grey_keeps_its_tone(self, form: str) -> None:
        ramp = np.linspace(0, 65535, 30 * 20).reshape(20, 30).astype(np.uint16)

        rgb = read(saved(Image.fromarray(ramp), form)).rgb

        wanted = torch.from_numpy(ramp.astype(np.float32) / 65535)
        torch.testing.assert_close(rgb, wanted.expand(3, -1, -1), atol=1e-6, rtol=0)

    def test_white_is_zero_is_turned_round(self) -> None:
        ramp = Image.fromarray(np.linspace(0, 65535, 12).reshape(3, 4).astype(np.uint16))

        straight = read(saved(ramp, "TIFF")).rgb
        turned = read(saved(ramp, "TIFF", tiffinfo={262: 0})).rgb

        torch.testing.assert_close(turned, 1 - straight)

    def test_16_bit_colour_keeps_its_tone(self) -> None:
        values = np.linspace(0, 65535, 4 * 6 * 3).reshape(4, 6, 3).astype(">u2")

        rgb = read(deep_png(values)).rgb

        wanted = torch.from_numpy((values / 65535).astype(np.float32)).permute(2, 0, 1)
        torch.testing.assert_close(rgb, wanted, atol=STEP, rtol=0)

    @pytest.mark.parametrize(
        ("low", "high", "white"), [(0, 1, 1), (0, 200, 255), (0, 60000, 65535)]
    )
    def test_floats_are_measured_by_the_white_that_holds_them(
        self, low: float, high: float, white: float
    ) -> None:
        values = np.linspace(low, high, 12, dtype=np.float32).reshape(3, 4)

        rgb = read(saved(Image.fromarray(values), "TIFF")).rgb

        torch.testing.assert_close(rgb[0], torch.from_numpy(values / np.float32(white)))

    @pytest.mark.parametrize("bound", [1.5, 3.4e38])
    def test_floats_that_fit_no_white_are_stretched(self, bound: float) -> None:
        values = np.array([[-bound, 0, bound], [np.nan, np.inf, -np.inf]], dtype=np.float32)

        rgb = read(saved(Image.fromarray(values), "TIFF")).rgb

        torch.testing.assert_close(rgb[0], torch.tensor([[0, 0.5, 1], [0, 1, 0]]))

    def test_floats_without_a_number_are_refused(self) -> None:
        with pytest.raises(ArtError, match="no finite sample"):
            read(saved(Image.fromarray(np.full((2, 2), np.nan, dtype=np.float32)), "TIFF"))

    def test_black_and_white(self) -> None:
        bits = Image.fromarray(np.eye(9, dtype=bool))

        assert torch.equal(read(saved(bits, "PNG")).rgb, torch.eye(9).expand(3, -1, -1))

    @pytest.mark.parametrize("ink", [False, True])
    def test_cmyk_is_not_inverted(self, ink: bool) -> None:
        # As Adobe's programs write it: 255 is no ink. YCCK is how they compress it.
        cmyk = scene(32, 32).convert("CMYK")
        data = as_ycck(cmyk) if ink else saved(cmyk, "JPEG", quality=95)

        error = np.abs(levels(read(data)).astype(int) - plain(scene(32, 32)))

        assert error.mean() < 4

    def test_a_wide_gamut_becomes_srgb(self) -> None:
        rgb = Image.new("RGB", (8, 8), (100, 150, 100))

        wide = read(saved(rgb, "PNG", icc_profile=wide_gamut())).rgb[:, 0, 0] * 255

        # The same numbers mean a greener green where the primaries lie further out.
        assert wide[1] - wide[0] > 60
        assert abs(wide[1] - 150) < 12

    def test_the_profile_of_srgb_changes_nothing(self) -> None:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

        tagged = levels(read(saved(scene(), "PNG", icc_profile=profile)))

        assert np.abs(tagged.astype(int) - plain(scene())).max() <= 1

    @pytest.mark.parametrize("profile", [b"", b"nonsense", b"\0" * 200])
    @pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "I;16"])
    def test_a_wrong_profile_is_ignored(self, mode: str, profile: bytes) -> None:
        image = Image.fromarray(np.eye(8, dtype=np.uint16) * 65535)
        image = image if mode == "I;16" else Image.fromarray(np.eye(8, dtype=bool)).convert(mode)

        rgb = read(saved(image, "PNG", icc_profile=profile)).rgb

        assert torch.equal(rgb, torch.eye(8).expand(3, -1, -1))

    @pytest.mark.parametrize("mode", ["L", "LA", "P", "I;16", "1"])
    def test_a_profile_of_colour_on_grey_keeps_the_grey(self, mode: str) -> None:
        grey = np.linspace(0, 255, 64, dtype=np.uint8).reshape(8, 8)
        image = Image.fromarray(grey.astype(np.uint16) * 257)
        image = image if mode == "I;16" else Image.fromarray(grey).convert(mode)
        srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

        tagged = read(saved(image, "PNG", icc_profile=srgb)).rgb

        torch.testing.assert_close(tagged, read(saved(image, "PNG")).rgb, atol=1.6 * STEP, rtol=0)

    def test_lab_is_understood(self) -> None:
        to_lab = ImageCms.buildTransform(
            ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
        )
        lab = to_lab.apply(scene())

        error = np.abs(levels(read(saved(lab, "TIFF"))).astype(int) - plain(scene()))

        assert error.mean() < 8  # of 8 bits each; pure blue is at Lab's edge

    def test_of_several_frames_the_first_is_taken(self) -> None:
        frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]

        for format in ("GIF", "PNG", "WEBP", "TIFF"):
            data = saved(frames[0], format, save_all=True, append_images=frames[1:])
            assert read(data).rgb.mean(dim=(1, 2)).argmax() == 0

    @pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
    def test_alpha_is_kept_apart(self, format: str) -> None:
        image = with_alpha(scene(32, 32))

        picture = read(saved(image, format, lossless=True))

        assert picture.alpha is not None
        wanted = torch.from_numpy(np.array(image.getchannel("A"))).float() / 255
        torch.testing.assert_close(picture.alpha[0], wanted)

    def test_deep_grey_with_a_transparent_value(self) -> None:
        ramp = np.arange(16, dtype=np.uint16).reshape(4, 4) * 4096

        picture = read(saved(Image.fromarray(ramp), "PNG", transparency=8192))

        assert picture.alpha is not None
        assert (picture.alpha[0] == 0).nonzero().tolist() == [[0, 2]]

    @pytest.mark.parametrize("hidden", [0, 255])
    def test_what_cant_be_seen_takes_the_colours_around_it(self, hidden: int) -> None:
        pixels = np.full((40, 40, 4), hidden, dtype=np.uint8)
        pixels[..., 3] = 0
        pixels[10:30, 10:20] = (200, 30, 30, 255)
        pixels[10:30, 20:30] = (30, 30, 200, 255)

        rgb = read(saved(Image.fromarray(pixels), "PNG")).rgb

        inside = (rgb[:, 10:30, 10:30] * 255).round()
        assert set(inside.flatten().tolist()) == {30, 200}
        outside = rgb.clone()
        outside[:, 10:30, 10:30] = 0.4
        assert (rgb[0, 10:30, 7:10] - rgb[2, 10:30, 7:10]).min() > 0.1  # red on the red side
        assert (rgb[2, 10:30, 30:33] - rgb[0, 10:30, 30:33]).min() > 0.1
        assert outside.min() > 0.1
        assert outside.max() < 0.8

    def test_a_picture_of_nothing_is_white(self) -> None:
        picture = read(saved(Image.new("RGBA", (7, 5)), "PNG"))

        torch.testing.assert_close(picture.rgb, torch.ones(3, 5, 7))

    def test_a_wholly_opaque_alpha_is_none(self) -> None:
        assert read(saved(scene().convert("RGBA"), "PNG")).alpha is None

    @pytest.mark.parametrize("size", [(1, 1), (1, 9000), (9000, 1), (3, 2)])
    def test_slivers_are_pictures(self, size: tuple[int, int]) -> None:
        picture = read(saved(with_alpha(Image.new("RGB", size, "red")), "PNG"))

        assert picture.rgb.shape == (3, size[1], size[0])

    def test_nothing_is_decoded_beyond_the_limit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object) -> None:
            raise AssertionError("pixels were decoded")

        monkeypatch.setattr("PIL.ImageFile.ImageFile.load", refuse)

        with pytest.raises(ArtError, match="384 pixels; at most 383") as caught:
            decode(FILES["PNG rgb"], max_pixels=383)

        assert caught.value.code == "invalid_image"


def deep_png(values: np.ndarray[Any, Any]) -> bytes:
    """Return 16-bit RGB, which Pillow reads but doesn't write."""
    height, width, _ = values.shape
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def as_ycck(cmyk: Image.Image) -> bytes:
    """Return a JPEG whose inks are stored as luma and chroma, which Pillow reads alone."""
    *inks, black = cmyk.split()
    luma = Image.merge("RGB", inks).convert("YCbCr")
    planes = [ImageChops.invert(plane) for plane in luma.split()]  # writing inverts them again
    data = saved(Image.merge("CMYK", [*planes, black]), "JPEG", quality=95)
    at = data.index(b"Adobe") + 11
    return data[:at] + b"\x02" + data[at + 1 :]


def wide_gamut() -> bytes:
    """Return the profile of a space with wider primaries than sRGB's."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for name, primary in WIDE.items():
        entry = profile.index(name, 128, 400)
        at = struct.unpack(">I", profile[entry + 4 : entry + 8])[0] + 8
        profile[at : at + 12] = b"".join(struct.pack(">i", round(x * 65536)) for x in primary)
    return bytes(profile)


# Adobe RGB (1998), 4.3.5.3: the primaries' XYZ, adapted to D50.
WIDE = {
    b"rXYZ": (0.60974, 0.31111, 0.01947),
    b"gXYZ": (0.20528, 0.62567, 0.06087),
    b"bXYZ": (0.14919, 0.06322, 0.74457),
}


MEASURE = """
import resource, sys
from genart_core.nn.image import decode
data = sys.stdin.buffer.read()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
decode(data, max_pixels=2**25)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.parametrize(("mode", "per_pixel"), [("RGB", 26), ("RGBA", 68)])
def test_a_large_picture_is_read_in_little_more_memory_than_it_takes(
    mode: str, per_pixel: int
) -> None:
    picture = Image.new(mode, (4000, 4000), (200, 100, 50, 128)[: len(mode)])
    data = saved(picture, "PNG", exif=exif(6))

    done = subprocess.run(
        [sys.executable, "-c", MEASURE], input=data, capture_output=True, check=True
    )

    unit = 1 if sys.platform == "darwin" else 1024
    assert int(done.stdout) * unit < per_pixel * 4000**2
