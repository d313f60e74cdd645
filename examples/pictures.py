"""Draws the pictures that the examples work on: three scenes and four styles, all by numbers.

    python -m examples.pictures [FOLDER]

Nothing is taken from elsewhere: noise, ridges, turned shapes, strokes along a field, cells, cuts
and dots. The same pictures come out each time; those in `examples/pictures` were made so.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from examples import scenes, still_life, styles
from examples.drawing import Canvas

FOLDER = Path(__file__).parent / "pictures"
QUALITY = 82

# What draws it, width, height, seed.
PICTURES: dict[str, tuple[Callable[[Canvas], None], int, int, int]] = {
    "lake": (scenes.lake, 768, 512, 1),
    "town": (scenes.town, 768, 512, 2),
    "fruit": (still_life.fruit, 768, 512, 3),
    "strokes": (styles.strokes, 640, 640, 4),
    "glass": (styles.glass, 640, 640, 5),
    "woodcut": (styles.woodcut, 640, 640, 6),
    "dots": (styles.dots, 640, 640, 7),
}


def drawn(name: str) -> Image.Image:
    """Return a picture by name."""
    draw, width, height, seed = PICTURES[name]
    canvas = Canvas(width, height, seed)
    draw(canvas)
    return canvas.finished()


def main() -> None:
    """Draw all pictures into the folder given."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name in PICTURES:
        path = folder / f"{name}.jpg"
        drawn(name).save(path, quality=QUALITY)
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
