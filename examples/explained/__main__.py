"""Makes the pictures of docs/explanation.

    python -m examples.explained [--only octaves] [--url http://127.0.0.1:8000]

A running service draws most of them, with `GENART_EXTRA_ARTS=examples.turing` for `turing`; `game`
is trained for some minutes in a folder of its own.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from benchmarks.rig.client import Service
from examples.explained import (
    dreams,
    game,
    latents,
    leases,
    patterns,
    styles,
    temperature,
    tutorial,
)

OUT = Path(__file__).parents[2] / "docs" / "pictures" / "explained"
QUALITY = 80
PLATES: dict[str, Callable[[Service], Image.Image]] = {
    "tutorial": tutorial.plate,
    "temperature": temperature.plate,
    "octaves": dreams.octaves,
    "octaves_compared": dreams.with_and_without,
    "depths": dreams.depths,
    "gram": styles.layers,
    "contents": styles.contents,
    "style_weights": styles.weights,
    "between": latents.between,
    "strengths": latents.strengths,
    "sources": latents.sources,
    "game": game.plate,
    "leases": leases.timeline,
    "turing": patterns.plate,
}


def main() -> None:
    """Make the pictures that are asked for, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--only", action="append", choices=PLATES)
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    for name in asked.only or PLATES:
        path = asked.out / f"{name}.webp"
        PLATES[name](Service(asked.url)).save(path, quality=QUALITY, method=6)
        print(f"{path}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
