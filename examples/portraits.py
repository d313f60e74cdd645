"""Draws the sheets of portraits that the documentation shows.

    python -m examples.portraits [FOLDER]

`portraits_drawn.jpg` has 32 random ones, `portraits_attributes.jpg` a row for each attribute. The
one that the examples work on, `examples/pictures/portrait.png`, is drawn beside them.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from genart_core.arts.vae.portraits import (
    ATTRIBUTES,
    Attribute,
    Picture,
    Value,
    draw_attributes,
    render,
)

FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
QUALITY = 88
COLUMNS = 8
KEPT = Path(__file__).parent / "pictures" / "portrait.png"
LADY: dict[str, Value] = {
    "long_hair": True,
    "skin": 0.5,
    "age": 0.2,
    "background": 0.9,
    "hair_color": 0.3,
}
LADY_SEED = 77
SITTER: dict[str, Value] = {"smile": True, "hair_color": 0.5}


def random_sheet() -> list[list[Picture]]:
    """Return four rows of random portraits."""
    return [
        [render(draw_attributes(seed), seed) for seed in range(first, first + COLUMNS)]
        for first in range(0, 4 * COLUMNS, COLUMNS)
    ]


def attribute_sheet() -> list[list[Picture]]:
    """Return a row for each attribute: a number from low to high, a choice on several sitters."""
    return [
        [render({**SITTER, attribute.name: value}, seed) for seed, value in values(attribute)]
        for attribute in ATTRIBUTES.values()
    ]


def values(attribute: Attribute) -> list[tuple[int, Value]]:
    """Return what to show of an attribute: the seed of the sitter, and the value."""
    if attribute.kind == "number":
        steps = np.linspace(attribute.low, attribute.high, COLUMNS)
        return [(3, float(step)) for step in steps]
    choices: tuple[Value, ...] = attribute.words or (False, True)
    sitters = -(-COLUMNS // len(choices))
    return [(sitter, choice) for sitter in range(sitters) for choice in choices][:COLUMNS]


def joined(rows: list[list[Picture]], scale: int) -> Image.Image:
    """Return the pictures side by side, enlarged."""
    pixels = np.concatenate([np.concatenate(row, axis=1) for row in rows], axis=0)
    image = Image.fromarray(pixels)
    size = image.width * scale, image.height * scale
    return image.resize(size, Image.Resampling.LANCZOS)


def lady() -> Image.Image:
    """Return the portrait that the examples work on."""
    return Image.fromarray(render(LADY, LADY_SEED))


def main() -> None:
    """Draw both sheets into the folder given, and the portrait where it is kept."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    sheets = {"drawn": random_sheet(), "attributes": attribute_sheet()}
    for name, rows in sheets.items():
        path = folder / f"portraits_{name}.jpg"
        joined(rows, scale=2).save(path, quality=QUALITY)
        print(f"{path}: {path.stat().st_size:,} bytes")
    lady().save(KEPT, optimize=True)


if __name__ == "__main__":
    main()
