"""Pictures as they are written, and what is written with them."""

import json
import random

import pytest
import torch

from genart_core.errors import ArtError
from genart_core.nn.image import Format, Picture, encode, read_metadata, resize
from genart_core.pictures import inspect
from tests.support.pictures import chunk, exif, saved, scene

from .pictures import FILES, ROOM, STEP, noise, read

pytestmark = pytest.mark.usefixtures("one_thread")


FORMATS: tuple[Format, ...] = ("png", "jpeg", "webp")


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
