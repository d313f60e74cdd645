"""The pictures of the explanations: kept, shown, small, and drawn where they should be."""

from typing import Any

import numpy as np
from PIL import Image

from examples.explained import leases
from examples.explained.__main__ import OUT, PLATES
from examples.explained.plate import COLOURS, GAP, Axes, chart, column, row
from tests.docs.blocks import pages

BUDGET_BYTES, LARGEST_BYTES = 2_000_000, 150_000
NOBODY: Any = None  # a plate that asks no service


def test_every_plate_is_kept_and_small() -> None:
    sizes = {path.stem: path.stat().st_size for path in OUT.iterdir()}

    assert set(sizes) == set(PLATES)
    assert max(sizes.values()) <= LARGEST_BYTES
    assert sum(sizes.values()) <= BUDGET_BYTES


def test_every_plate_is_shown_by_a_page() -> None:
    text = "".join(page.read_text() for page in pages())

    assert [name for name in PLATES if f"pictures/explained/{name}.webp)" not in text] == []


def test_the_script_draws_the_timeline_that_is_kept() -> None:
    with Image.open(OUT / "leases.webp") as image:
        kept = np.asarray(image.convert("RGB")).astype(float)

    again = np.asarray(leases.timeline(NOBODY)).astype(float)

    assert again.shape == kept.shape
    assert np.abs(again - kept).mean() < 4.0  # what WebP loses is less than 1 level


def test_a_curve_goes_through_its_points() -> None:
    axes = Axes((0, 2), (0, 4), (0, 1, 2), (0, 2, 4), "x", "y")
    points = [(0.0, 0.0), (1.0, 3.0), (2.0, 1.0)]

    image = chart(axes, {"curve": points})

    for x, y in points:
        left, top = axes.place(x, y)
        assert image.getpixel((round(left), round(top))) == COLOURS[0]


def test_pictures_stand_on_one_line_and_below_each_other() -> None:
    low, high = Image.new("RGB", (20, 10), "red"), Image.new("RGB", (30, 40), "blue")

    beside, below = row([low, high]), column([low, high])

    assert beside.size == (20 + GAP + 30, 40)
    assert beside.getpixel((5, 35)) == (255, 0, 0)
    assert beside.getpixel((5, 5)) == (255, 255, 255)
    assert below.size == (30, 10 + GAP + 40)
