"""What truncation gives and takes: `python -m benchmarks.gan_truncation MODEL --data FILE`.

By the features of a network that is given by its path, as `benchmarks.gan_quality` takes it, 4,000
pictures at each truncation, of the same seeds, are compared with as many of the data's `test`
split: Frechet distance, precision and recall. Contrast is the mean deviation of a picture's values.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.gan_quality import SIDES, Yardstick, load_features
from benchmarks.rig.figures import table
from genart_core.arts.gan.data import as_pixels, read_pictures
from genart_core.arts.gan.painter import Painter, load_painter

COUNT = 4000
TRUNCATIONS = (1.0, 0.7, 0.5, 0.3, 0.1)
HEAD = ["truncation", "Frechet distance", "precision", "recall", "contrast"]


def drawn(painter: Painter, count: int, truncation: float) -> NDArray[np.uint8]:
    """Return pictures `(count, H, W, 3)`, all classes alike."""
    points = torch.randn(count, painter.config.latent, generator=torch.Generator().manual_seed(1))
    kinds = max(1, painter.config.classes)
    labels = [place % kinds for place in range(count)]
    led = painter.truncation.led(points, labels, truncation)
    return as_pixels(painter.paint(led, torch.eye(kinds)[labels]).mul(2.0).sub(1.0))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gan_truncation", description=__doc__
    )
    parser.add_argument("model", type=Path, help="a generator's file")
    parser.add_argument("--features", type=Path, required=True, help="the network's file")
    parser.add_argument("--data", type=Path, required=True, help="archive with a split test")
    parser.add_argument("--count", type=int, default=COUNT, help="pictures at each truncation")
    asked = parser.parse_args(arguments)
    named, see = load_features(asked.features, SIDES.get(asked.features.suffix, 224))
    painter = load_painter(asked.model, "cpu")
    real = read_pictures(asked.data, size=painter.config.size, split="test").pixels[: asked.count]
    yardstick, rows = Yardstick(real, see), []
    for truncation in TRUNCATIONS:
        pixels = drawn(painter, asked.count, truncation)
        found = yardstick.measure(pixels)
        contrast = pixels.std((1, 2, 3)).mean() / 255.0
        figures = [found["distance"], found["precision"], found["recall"], contrast]
        rows.append([f"{truncation:g}", *(f"{each:.3f}" for each in figures)])
    print(f"{asked.model.stem}; {named}; {len(real):,} test pictures, {asked.count:,} drawn\n")
    print(table(HEAD, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
