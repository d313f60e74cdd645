"""How a dream grows from octave to octave, what octaves are for, and what each depth draws."""

from collections.abc import Callable
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from benchmarks.rig.client import Service
from examples.explained.plate import captioned, column, row
from examples.gallery import Studio, uri
from genart_core.arts.dream.ascent import Ascent
from genart_core.arts.dream.generate import objective_of
from genart_core.arts.dream.gradients import Tiling
from genart_core.arts.dream.request import DreamRequest
from genart_core.nn.features import load_network
from genart_core.nn.graph import Recorder
from genart_core.nn.image import decode, fit, resize
from genart_core.settings import CoreSettings
from genart_core.weights import find_model

PICTURE = Path(__file__).parents[1] / "pictures" / "town.jpg"
REFERENCE = "asset:" + "0" * 64  # the request's, where the picture is handed over by itself
SIZE = 256
SMALL = 240
DEPTHS = ("lines", "curves", "eyes", "fur", "animals", "creatures")


class Keeper:
    """Keeps how the picture looks at the end of each octave."""

    def __init__(self, iterations: int) -> None:
        self.iterations = iterations
        self.kept: list[Image.Image] = []

    def before_work(self) -> None:
        """Let it go on."""

    def after_step(self, step: int, total: int, picture: Callable[[], Tensor]) -> None:
        """Keep the picture if an octave has ended."""
        if step % self.iterations == 0:
            self.kept.append(image_of(picture()))


def octaves(service: Service) -> Image.Image:
    """Return a picture, and a dream on it at the end of each of its octaves, at its own size."""
    request = DreamRequest(image=REFERENCE, size=SIZE, seed=1)
    network = load_network(find_model("features", "features", CoreSettings().home).path, "cpu")
    objective = objective_of(request, network, "cpu")
    extractor = network.cut(objective.layers)
    rgb = decode(PICTURE.read_bytes(), max_pixels=2**24).rgb[None]
    original = resize(rgb, *fit(rgb.shape[-2], rgb.shape[-1], SIZE)).clamp(0.0, 1.0)
    keeper = Keeper(request.iterations)
    ascent = Ascent(
        extractor,
        objective,
        request,
        tiling=Tiling.of(extractor, SIZE),
        recorder=Recorder("cpu"),
        watch=keeper,
    )
    ascent.dream(original)
    steps = [captioned(i, f"{n}: {i.width} px") for n, i in enumerate(keeper.kept, 1)]
    return row([captioned(image_of(original), "the picture"), *steps])


def with_and_without(service: Service) -> Image.Image:
    """Return dreams of as many steps each with one octave, with four, and without detail."""
    studio, image = Studio(service, []), uri(PICTURE.read_bytes(), "jpeg")
    ways: dict[str, dict[str, float]] = {
        "1 octave of 80 steps": {"octaves": 1, "iterations": 80},
        "4 octaves of 20": {},
        "4 octaves, detail 0": {"detail": 0.0},
    }
    made = [
        captioned(studio.make("dream", image=image, size=SIZE, seed=1, **way), words)
        for words, way in ways.items()
    ]
    return row(made)


def depths(service: Service) -> Image.Image:
    """Return dreams of the presets, from the network's first layers to its last."""
    studio, image = Studio(service, []), uri(PICTURE.read_bytes(), "jpeg")
    made = [
        captioned(studio.make("dream", image=image, preset=name, size=SMALL, seed=1), name)
        for name in DEPTHS
    ]
    return column([row(made[:3]), row(made[3:])])


def image_of(rgb: Tensor) -> Image.Image:
    """Return a picture `(1, 3, h, w)` in [0, 1]."""
    samples = rgb[0].clamp(0.0, 1.0).mul(255.0).round().to(torch.uint8)
    return Image.fromarray(samples.permute(1, 2, 0).numpy())
