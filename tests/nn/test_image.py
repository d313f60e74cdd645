import contextlib
import json
import random
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageChops, ImageCms

from genart_core.errors import ArtError, InvalidImageError
from genart_core.nn.image import (
    Format,
    Picture,
    coral,
    decode,
    encode,
    fit,
    luma_of,
    read_metadata,
    resize,
    with_luma_of,
)
from genart_core.pictures import inspect
from tests.support.pictures import exif, files, held, saved, scene, with_alpha

FILES = files()
ROOM = 100_000
FORMATS: tuple[Format, ...] = ("png", "jpeg", "webp")
STEP = 1 / 255


def read(data: bytes) -> Picture:
    return decode(data, max_pixels=ROOM)


def levels(picture: Picture) -> np.ndarray[Any, Any]:
    """Return the picture as 8-bit `(H, W, 3)`."""
    return (picture.rgb * 255).round().byte().permute(1, 2, 0).numpy()


def plain(image: Image.Image) -> np.ndarray[Any, Any]:
    return np.asarray(image.convert("RGB"))


def noise(height: int = 20, width: int = 30, seed: int = 0) -> torch.Tensor:
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(seed))


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


class TestEncode:
    @pytest.mark.parametrize("format", FORMATS)
    def test_what_is_written_is_read(self, format: Format) -> None:
        rgb = resize(noise(8, 12)[None], 64, 96)[0].clamp(0, 1)

        output = encode(Picture(rgb), format, metadata={})

        facts = inspect(output.data, max_pixels=ROOM)
        assert (output.width, output.height, output.media_type) == (96, 64, f"image/{format}")
        assert (facts.width, facts.height, facts.media_type) == (96, 64, f"image/{format}")
        error = (read(output.data).rgb - rgb).abs()
        assert error.max() < (0.6 * STEP if format == "png" else 0.15)
        assert error.mean() < 0.02

    @pytest.mark.parametrize("format", ["png", "webp"])
    def test_alpha_is_put_back(self, format: Format) -> None:
        alpha = noise(seed=1)[:1].mul(255).round().div(255)

        output = encode(Picture(noise(), alpha), format, metadata={})

        found = read(output.data).alpha
        assert found is not None
        torch.testing.assert_close(found, alpha)

    def test_a_jpeg_is_laid_on_white(self) -> None:
        alpha = torch.ones(1, 16, 16)
        alpha[:, :, 8:] = 0.0

        rgb = read(encode(Picture(torch.zeros(3, 16, 16), alpha), "jpeg", metadata={}).data).rgb

        assert rgb[:, :, :8].max() < 0.05
        assert rgb[:, :, 8:].min() > 0.95

    def test_fine_colour_survives_a_jpeg(self) -> None:
        stripes = torch.zeros(3, 16, 16)
        stripes[0, :, ::2] = 1.0
        stripes[2, :, 1::2] = 1.0

        rgb = read(encode(Picture(stripes), "jpeg", metadata={}).data).rgb

        assert (rgb - stripes).abs().mean() < 0.06  # halved chroma would make all of it purple

    def test_values_beyond_white_and_black_are_clipped(self) -> None:
        rgb = torch.stack([torch.full((4, 4), value) for value in (-3.0, 0.5, 7.0)])

        assert read(encode(Picture(rgb), "png", metadata={}).data).rgb[:, 0, 0].tolist() == (
            pytest.approx([0, 0.5, 1], abs=STEP)
        )

    def test_a_picture_with_nan_is_a_mistake(self) -> None:
        with pytest.raises(ValueError, match="not finite"):
            encode(Picture(torch.full((3, 2, 2), torch.nan)), "png", metadata={})

    @pytest.mark.parametrize("format", ["jpeg", "webp"])
    def test_a_side_that_a_format_cant_hold_is_told(self, format: Format) -> None:
        with pytest.raises(ArtError, match="ask for png") as caught:
            encode(Picture(torch.zeros(3, 1, 70_000)), format, metadata={})

        assert caught.value.code == "too_large"

    def test_gradients_and_other_layouts_are_no_hindrance(self) -> None:
        rgb = noise().requires_grad_().permute(0, 2, 1)

        found = read(encode(Picture(rgb), "png", metadata={}).data)

        torch.testing.assert_close(found.rgb, rgb.detach(), atol=STEP, rtol=0)

    def test_nothing_foreign_gets_into_the_file(self) -> None:
        photograph = saved(scene(), "JPEG", exif=exif(3), comment=b"at home", icc_profile=b"secret")

        for format in FORMATS:
            data = encode(read(photograph), format, metadata={}).data
            assert b"secret" not in data
            assert b"at home" not in data

    def test_a_png_says_that_it_is_srgb(self) -> None:
        assert chunk(b"sRGB", b"\0") in encode(Picture(noise()), "png", metadata={}).data


METADATA = {
    "parameters": {"layer_contributions": {"relu3_1": 1.5}, "prompt": 'ü 😀 \n\0 "quoted" \\'},
    "seed": 2**53 - 1,
    "model": "features",
    "sha256": "ab" * 32,
    "version": "0.1.0",
    "nothing": None,
}


class TestMetadata:
    @pytest.mark.parametrize("format", FORMATS)
    def test_it_is_read_back(self, format: Format) -> None:
        data = encode(Picture(noise()), format, metadata=METADATA).data

        assert read_metadata(data) == METADATA

    @pytest.mark.parametrize("format", FORMATS)
    def test_it_may_be_large(self, format: Format) -> None:
        large = {"notes": [f"{i}: ünïcödé" for i in range(9_000)]}
        assert len(json.dumps(large)) > 300_000

        assert read_metadata(encode(Picture(noise()), format, metadata=large).data) == large

    def test_what_a_jpeg_cant_hold_is_told(self) -> None:
        dice = random.Random(0)
        huge = {"noise": dice.randbytes(100_000).hex()}

        with pytest.raises(ValueError, match="JPEG can't carry"):
            encode(Picture(noise()), "jpeg", metadata=huge)

    @pytest.mark.parametrize("form", FILES)
    def test_files_of_others_have_none(self, form: str) -> None:
        assert read_metadata(FILES[form]) == {}

    def test_a_damaged_one_counts_as_none(self) -> None:
        whole = encode(Picture(noise()), "jpeg", metadata={"notes": ["x" * 9] * 9_000}).data
        at = whole.index(bytes(8) + b"\x78") + 12
        list_only = encode(Picture(noise()), "png", metadata={}).data.replace(b"{}", b"[]")

        assert read_metadata(whole[:at] + b"\xff" * 40 + whole[at + 40 :]) == {}
        assert read_metadata(list_only) == {}
        assert read_metadata(b"no picture") == {}

    def test_infinity_is_refused(self) -> None:
        with pytest.raises(ValueError, match="JSON"):
            encode(Picture(noise()), "png", metadata={"loss": float("inf")})

    @pytest.mark.parametrize("format", FORMATS)
    def test_the_same_picture_is_the_same_file(self, format: Format) -> None:
        first, second = (encode(Picture(noise()), format, metadata=METADATA) for _ in range(2))

        assert first == second


class TestSizes:
    def test_a_smaller_picture_has_no_moire(self) -> None:
        stripes = torch.zeros(1, 3, 64, 64)
        stripes[..., ::2] = 1.0

        small = resize(stripes, 23, 23)

        assert small.shape == (1, 3, 23, 23)
        assert (small[..., 3:-3] - 0.5).abs().max() < 0.1

    def test_a_ramp_stays_one(self) -> None:
        ramp = torch.linspace(0, 1, 20).expand(1, 3, 20, 20)

        large = resize(ramp, 40, 80)

        assert (large.diff(dim=-1)[..., 4:-4] > 0).all()
        torch.testing.assert_close(resize(large, 20, 20), ramp, atol=0.02, rtol=0)

    def test_its_own_size_is_itself(self) -> None:
        x = noise()[None]

        assert resize(x, 20, 30) is x

    @pytest.mark.parametrize(
        ("size", "wanted"),
        [((100, 200), (256, 512)), ((300, 100), (512, 171)), ((1, 9000), (1, 512))],
    )
    def test_fit_keeps_the_shape(self, size: tuple[int, int], wanted: tuple[int, int]) -> None:
        assert fit(*size, 512) == wanted


class TestColours:
    def test_luma_is_that_of_television(self) -> None:
        assert luma_of(torch.eye(3)[:, :, None, None])[:, 0, 0, 0].tolist() == pytest.approx(
            [0.299, 0.587, 0.114]
        )

    def test_colours_stay_and_luma_changes(self) -> None:
        result, original = noise(seed=1)[None], noise(seed=2)[None]

        mixed = with_luma_of(result, original)

        torch.testing.assert_close(luma_of(mixed), luma_of(result), atol=1e-5, rtol=0)
        assert mixed.min() >= 0
        assert mixed.max() <= 1
        chroma, wanted = mixed - luma_of(mixed), original - luma_of(original)
        alike = torch.cosine_similarity(chroma, wanted, dim=1)
        assert alike[wanted.norm(dim=1) > 0.1].min() > 0.99  # the hue, though paler where it must

    def test_a_picture_has_its_own_luma(self) -> None:
        x = noise()

        torch.testing.assert_close(with_luma_of(x, x), x)

    def test_coral_takes_over_mean_and_covariance(self) -> None:
        mixing = torch.tensor([[0.5, 0.2, 0.0], [0.1, 0.4, 0.1], [0.0, 0.3, 0.3]])
        source = torch.einsum("ij,jhw->ihw", mixing, noise(40, 50, seed=1))[None]
        target = noise(60, 30, seed=2)[None] * 0.5 + 0.2

        moved = coral(source, target)

        for x in (moved, target):
            assert x.dtype == torch.float32
        a, b = (torch.cov(x.flatten(2)[0], correction=0) for x in (moved, target))
        torch.testing.assert_close(a, b, atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(moved.mean(dim=(2, 3)), target.mean(dim=(2, 3)))

    def test_coral_of_a_picture_onto_itself_is_itself(self) -> None:
        x = noise(30, 30)[None]

        torch.testing.assert_close(coral(x, x), x, atol=1e-5, rtol=0)

    @pytest.mark.parametrize("grey", ["source", "target", "both"])
    def test_coral_of_grey_and_flat_pictures_is_finite(self, grey: str) -> None:
        ramp = torch.linspace(0, 1, 100).reshape(10, 10).repeat(1, 3, 1, 1)
        source = ramp if grey != "target" else noise()[None]
        target = torch.full((1, 3, 4, 4), 0.3) if grey != "source" else noise()[None]

        moved = coral(source, target)

        assert moved.isfinite().all()
        torch.testing.assert_close(
            moved.mean(dim=(2, 3)), target.mean(dim=(2, 3)), atol=1e-4, rtol=0
        )


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


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


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a PNG chunk."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


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
