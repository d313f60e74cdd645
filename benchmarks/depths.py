"""Dreams of a feature network below those of its teacher: `python -m benchmarks.depths PHOTO`.

Both dream on the same photograph with the same settings at four depths, so that one can see what a
student has learned. Writes one picture: the teacher's row above, the student's below.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from genart_core.arts.dream.ascent import Ascent
from genart_core.arts.dream.gradients import Tiling
from genart_core.arts.dream.losses import Objective
from genart_core.arts.dream.request import DreamRequest
from genart_core.nn.features import Network, Stages, load_network
from genart_core.nn.graph import Recorder
from genart_core.nn.image import fit
from genart_core.nn.opening import open_photo
from genart_core.nn.photos import as_tensor
from genart_core.nn.teacher import LAYERS, LEAK, POOLED, Teacher, load_teacher
from genart_core.weights import SHIPPED

DEPTHS = ("relu3_2", "relu4_2", "relu5_1", "relu5_2")
GAP = 6  # pixels between two pictures


class Quiet:
    """Looks on and says nothing."""

    def before_work(self) -> None:
        """Let it work."""

    def after_step(self, step: int, total: int, picture: Callable[[], Tensor]) -> None:
        """Look away."""


def main() -> None:
    """Draw the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", type=Path)
    parser.add_argument("--teacher", type=Path, required=True, help="Tiny Darknet (.npz)")
    usual = SHIPPED / "features" / "features.safetensors"
    parser.add_argument("--model", type=Path, default=usual, help="The student's file")
    parser.add_argument("--size", type=int, default=384, help="Longest side of each, in pixels")
    parser.add_argument("--out", type=Path, default=Path("depths.jpg"))
    chosen = parser.parse_args()
    photo = open_photo(chosen.photo)
    height, width = fit(photo.height, photo.width, chosen.size)
    image = as_tensor(np.asarray(photo.resize((width, height), Image.Resampling.LANCZOS)))
    networks = (network_of(load_teacher(chosen.teacher)), load_network(chosen.model, "cpu"))
    rows = [[dream(network, image, layer) for layer in DEPTHS] for network in networks]
    sheet(rows).save(chosen.out, quality=80)


def network_of(teacher: Teacher) -> Network:
    """Return a teacher as a network whose stages have the student's names."""
    stages: dict[str, nn.Module] = {}
    parts: list[nn.Module] = []
    for number, convolution in enumerate(teacher.convolutions, start=1):
        parts += [convolution, nn.LeakyReLU(LEAK)]
        if number in LAYERS:
            stages[LAYERS[number]] = nn.Sequential(*parts)
            parts = []
        if number in POOLED:
            parts.append(nn.MaxPool2d(2))
    return Network(Stages(stages, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)))


def dream(network: Network, image: Tensor, layer: str) -> Tensor:
    """Return the dream of one layer on an image `(3, H, W)` in [0, 1], plain as the first were."""
    request = DreamRequest(
        layer_contributions={layer: 1.0},
        octaves=4,
        octave_scale=1.4,
        iterations=20,
        step_size=0.015,
        jitter=16,
        decorrelate=0.0,
        seed=1,
    )
    extractor = network.cut([layer])
    ascent = Ascent(
        extractor,
        Objective({layer: 1.0}),
        request,
        tiling=Tiling.of(extractor, max(image.shape)),
        recorder=Recorder("cpu"),
        watch=Quiet(),
    )
    return ascent.dream(image[None])[0][0]


def sheet(rows: Sequence[Sequence[Tensor]]) -> Image.Image:
    """Return pictures `(3, H, W)` in [0, 1], all of one size, in rows on white."""
    height, width = rows[0][0].shape[-2:]
    size = (len(rows[0]) * (width + GAP) - GAP, len(rows) * (height + GAP) - GAP)
    whole = Image.new("RGB", size, "white")
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            pixels = (255 * picture).round().to(torch.uint8).permute(1, 2, 0).numpy()
            whole.paste(Image.fromarray(pixels), (x * (width + GAP), y * (height + GAP)))
    return whole


if __name__ == "__main__":
    main()
