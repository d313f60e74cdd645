"""Pictures that a generator draws: what jobs ask for, several callers' in one forward pass.

1. Goodfellow et al., Generative adversarial networks, arXiv:1406.2661.
2. Brock, Donahue & Simonyan, Large scale GAN training, arXiv:1809.11096 (from class to class).
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from genart_core.arts.gan.painter import Painter, load_painter
from genart_core.arts.gan.request import GanSampleRequest, check, find_class
from genart_core.artwork import Artwork, Output, Run, Workbench
from genart_core.nn.painting import Commission, paint
from genart_core.nn.showing import Showing, described, told
from genart_core.nn.walks import walk
from genart_core.request import sample_seed


def generate(runs: Sequence[Run], workbench: Workbench) -> None:
    """Draw the pictures of all runs."""
    painter = workbench.model("gan", runs[0].request.model, load_painter)
    paint(runs, lambda run: plan(run, painter), painter.paint, batch=painter.batch)


def draw(seed: int, width: int) -> tuple[Tensor, float]:
    """Return the point `(width,)` that a seed stands for, and a number in [0, 1) to choose with."""
    generator = torch.Generator().manual_seed(seed)
    choice = float(torch.rand(1, generator=generator))
    return torch.randn(width, generator=generator), choice


def plan(run: Run, painter: Painter) -> Commission:
    """Return the points and shares of classes that a run asks for.

    Raises:
        RefusedError: if the model hasn't the classes, takes other points, or it is too large.
    """
    request: GanSampleRequest = run.request
    check(request, painter.card, None)
    points, seeds, choices = _chosen(request, painter)
    classes = _classes(request, painter, choices)
    if request.latents is None:
        points = painter.truncation.led(points, classes, request.truncation)
    shares = torch.zeros(len(points), max(1, painter.config.classes))
    shares[torch.arange(len(points)), torch.tensor(classes or [0] * len(points))] = 1.0
    result = {
        "latents": told(points),
        "seeds": seeds,
        "classes": [painter.classes[index] for index in classes],
        "width": painter.config.size * request.scale,
        "height": painter.config.size * request.scale,
    }
    if request.mode == "walk":
        is_spherical, frames = request.path == "slerp", request.frames
        points = walk(points, frames, is_loop=request.loop, is_spherical=is_spherical)
        shares = walk(shares, frames, is_loop=request.loop, is_spherical=False)
    return Commission(run, (points, shares), lambda images: Artwork(shown(request, images), result))


def shown(request: GanSampleRequest, images: Tensor) -> tuple[Output, ...]:
    """Return the outputs for images `(N, 3, h, w)` in [0, 1].

    Raises:
        ArtError: if the format can't hold a sheet of that size.
    """
    showing = Showing(
        request.layout or "images",
        request.format or "png",
        scale=request.scale,
        is_smooth=request.resample == "lanczos",
        columns=request.columns,
        frame_ms=request.frame_ms,
        is_loop=request.loop or request.mode != "walk",
    )
    return showing.outputs(images, described(request.model_dump(mode="json"), "latents"))


def _chosen(
    request: GanSampleRequest, painter: Painter
) -> tuple[Tensor, Sequence[int], Sequence[float]]:
    """Return the points that are given or drawn, their seeds, and what they choose classes with."""
    if request.latents is not None:
        return torch.tensor(request.latents), [], [0.0] * len(request.latents)
    seeds = request.seeds or [sample_seed(request.seed or 0, i) for i in range(request.points)]
    drawn = [draw(seed, painter.config.latent) for seed in seeds]
    return torch.stack([point for point, _ in drawn]), seeds, [choice for _, choice in drawn]


def _classes(request: GanSampleRequest, painter: Painter, choices: Sequence[float]) -> list[int]:
    """Return the class of each point: those wished for by turns, else what its seed chose."""
    count = painter.config.classes
    if not count:
        return []
    if request.wishes is None:
        return [int(choice * count) for choice in choices]
    wished = [find_class(wish, painter.classes) for wish in request.wishes]
    return [wished[i % len(wished)] for i in range(len(choices))]
