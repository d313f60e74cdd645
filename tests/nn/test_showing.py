"""What a caller gets of pictures: files, what they carry, and the points that they show."""

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from genart_core.nn import showing
from genart_core.nn.image import decode, read_metadata
from genart_core.nn.showing import METADATA_BYTES, Showing, described, enlarged, told


def pictures(count: int, channels: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, channels, 6, 5), generator=generator) / 255


def test_a_result_tells_no_more_points_than_it_has_room_for() -> None:
    points = torch.randn(64, 1024)

    rows = told(points)

    assert 0 < len(rows) < 64
    assert 40 * 1024 < len(json.dumps(rows, separators=(",", ":"))) <= 48 * 1024
    torch.testing.assert_close(torch.tensor(rows), points[: len(rows)], atol=1e-4, rtol=0)
    assert len(told(torch.randn(64, 64))) == 64


@given(
    st.lists(
        st.lists(st.floats(-1e9, 1e9, width=32), min_size=3, max_size=3), min_size=1, max_size=9
    ),
    st.integers(1, 300),
)
def test_numbers_are_told_rounded_and_as_long_as_there_is_room(
    rows: list[list[float]], room: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(showing, "LATENTS_BYTES", room)
        found = told(torch.tensor(rows))

    wanted = [[round(value, showing.DIGITS) for value in row] for row in rows]
    parts = [wanted[: count + 1] for count in range(len(wanted))]
    lengths = [len(json.dumps(part, separators=(",", ":"))) for part in parts]
    assert found == wanted[: sum(length <= room for length in lengths)]


def test_files_carry_all_of_a_request_but_long_fields_that_are_too_much() -> None:
    facts = {"seed": 1, "latents": [[0.123456789] * 10], "concepts": {}}
    many = {**facts, "latents": [[0.123456789] * 600] * 20}

    assert described(facts, "latents") == facts
    assert described(many, "latents") == {**facts, "latents": None}
    assert len(json.dumps(many)) > METADATA_BYTES


@pytest.mark.parametrize("is_smooth", [False, True])
def test_each_picture_is_enlarged_by_itself(is_smooth: bool) -> None:
    images = pictures(3)

    large = enlarged(images, 4, is_smooth=is_smooth)

    assert large.shape == (3, 3, 24, 20)
    assert torch.equal(large[1:2], enlarged(images[1:2], 4, is_smooth=is_smooth))
    means = large.reshape(3, 3, 6, 4, 5, 4).mean((3, 5))
    assert (means - images).abs().mean() < (0.1 if is_smooth else 1e-6)
    assert torch.equal(enlarged(images, 1, is_smooth=is_smooth), images)


def test_grey_pictures_come_in_colour_with_what_is_told_of_them() -> None:
    grey = pictures(2, channels=1)

    outputs = Showing("images", "png").outputs(grey, {"seed": 3})

    assert len(outputs) == 2
    for output, image in zip(outputs, grey, strict=True):
        read = decode(output.data, max_pixels=30).rgb
        torch.testing.assert_close(read, image.expand(3, -1, -1))
        assert read_metadata(output.data) == {"seed": 3}


def test_a_gif_is_no_still_picture() -> None:
    with pytest.raises(ValueError, match="films"):
        Showing("sheet", "gif").outputs(pictures(2), {})
