"""What tells strange pictures from new portraits: `python -m benchmarks.vae_familiar [PICTURE...]`.

How far the code of a picture lies from the nearest Gaussian of the model's mixture, over the
distance within which 99.9 % of its own codes lie: of 400 portraits that no training saw, and of
pictures that are none; left out, those in `examples/pictures`. `FAR` of `genart_core.arts.vae.
familiar` has to stand between the two. Exits with 1 if it doesn't.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.rig.figures import table
from benchmarks.vae_concepts import FRESH_SET, portraits
from genart_core.arts.vae.familiar import FAR, WITHIN
from genart_core.arts.vae.mixture import radius
from genart_core.arts.vae.painter import Painter, load_painter
from genart_core.nn.image import decode, resize
from genart_core.weights import SHIPPED

COUNT = 400
EXAMPLES = Path(__file__).parents[1] / "examples" / "pictures"
QUANTILES = (0.0, 0.5, 1.0)
HEAD = ["pictures", "nearest", "median", "farthest"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure as the command line says; return the exit code."""
    prog = "python -m benchmarks.vae_familiar"
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    parser.add_argument("pictures", nargs="*", type=Path, help="files of pictures, no portraits")
    parser.add_argument("--count", type=int, default=COUNT, help="new portraits")
    asked = parser.parse_args(arguments)
    painter = load_painter(SHIPPED / "vae" / "portraits.safetensors", "cpu")
    files = asked.pictures or sorted(EXAMPLES.glob("*.jpg"))
    drawn = torch.from_numpy(portraits(FRESH_SET, asked.count)[0]).movedim(-1, 1).float().div(255.0)
    known = distances(drawn, painter)
    strange = distances(torch.cat([square(file, painter.config.size) for file in files]), painter)
    rows = [
        [f"{len(found)} {name}", *(f"{x:.2f}" for x in np.quantile(found.numpy(), QUANTILES))]
        for name, found in (("new portraits", known), ("others", strange))
    ]
    print(table(HEAD, rows))
    is_between = float(known.max()) < FAR < float(strange.min())
    print(f"\nFAR is {FAR}: {'between' if is_between else 'NOT between'} the two")
    return 0 if is_between else 1


def distances(images: Tensor, painter: Painter) -> Tensor:
    """Return how far codes `(N,)` of images `(N, C, size, size)` lie, over what is usual."""
    found = painter.model.mixture.deviations(painter.encode(images)).norm(dim=2).amin(0)
    relative: Tensor = found / radius(painter.config.latent, WITHIN)
    return relative


def square(file: Path, size: int) -> Tensor:
    """Return the square at a picture's centre, as `vae-edit` takes it."""
    rgb = decode(file.read_bytes(), max_pixels=2**28).rgb[None]
    short = min(rgb.shape[-2:])
    top, left = ((side - short) // 2 for side in rgb.shape[-2:])
    return resize(rgb[..., top : top + short, left : left + short], size, size).clamp(0.0, 1.0)


if __name__ == "__main__":
    sys.exit(main())
