"""Pictures that a generator draws: what jobs ask for, several callers' in one forward pass.

1. Goodfellow et al., Generative adversarial networks, arXiv:1406.2661.
2. Brock, Donahue & Simonyan, Large scale GAN training, arXiv:1809.11096 (truncation, and walks from
   class to class).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from genart_core.arts.gan.painter import Painter, load_painter
from genart_core.arts.gan.request import GanSampleRequest, check, find_class
from genart_core.artwork import Artwork, Run, Workbench
from genart_core.errors import ArtError, RefusedError
from genart_core.nn.showing import Showing, described, told
from genart_core.nn.walks import walk
from genart_core.request import sample_seed


@dataclass
class Commission:
    """One run: the points that it names or draws, their classes, and what is drawn of them.

    `points` and `shares` (of each class) are of the pictures to draw, `told` the chosen points.
    """

    run: Run
    points: Tensor
    shares: Tensor
    told: Tensor
    seeds: list[int]
    classes: list[int]
    parts: list[Tensor] = field(default_factory=list)

    @property
    def done(self) -> int:
        """How many pictures are drawn."""
        return sum(map(len, self.parts))

    @property
    def is_done(self) -> bool:
        """Whether all of them are."""
        return self.done == len(self.points)


def generate(runs: Sequence[Run], workbench: Workbench) -> None:
    """Draw the pictures of all runs side by side; whoever is done first is finished first."""
    painter = workbench.model("gan", runs[0].request.model, load_painter)
    waiting = [c for run in runs if (c := _planned(run, painter)) is not None]
    while waiting := [c for c in waiting if not (c.is_done or c.run.stopped)]:
        batch = list(_next(waiting, painter.batch))
        images = painter.paint(
            torch.cat([commission.points[part] for commission, part in batch]),
            torch.cat([commission.shares[part] for commission, part in batch]),
        )
        for commission, part in batch:
            count = len(commission.points[part])
            commission.parts.append(images[:count])
            images = images[count:]
            commission.run.progress(commission.done, len(commission.points))
            if commission.is_done and not commission.run.stopped:
                _finish(commission, painter)


def draw(seed: int, width: int, truncation: float = 1.0) -> tuple[Tensor, float]:
    """Return the point `(width,)` that a seed stands for, and a number in [0, 1) to choose with.

    Truncated, a latent z becomes the one at the same place among the central share of the normal
    distribution: its quantile is drawn towards the middle. So a seed stays the same picture.
    """
    generator = torch.Generator().manual_seed(seed)
    choice = float(torch.rand(1, generator=generator))
    point = torch.randn(width, generator=generator)
    if truncation < 1.0:
        quantiles = torch.special.ndtr(point.double())
        point = torch.special.ndtri(0.5 + truncation * (quantiles - 0.5)).float()
    return point, choice


def plan(run: Run, painter: Painter) -> Commission:
    """Return what a run asks for.

    Raises:
        RefusedError: if the model hasn't the classes, or takes other points.
    """
    request: GanSampleRequest = run.request
    check(request, painter.card, None)
    seeds: list[int] = []
    choices = [0.0] * request.points
    if request.latents is not None:
        points = torch.tensor(request.latents)
    else:
        seeds = request.seeds or [sample_seed(request.seed or 0, i) for i in range(request.points)]
        drawn = [draw(seed, painter.config.latent, request.truncation) for seed in seeds]
        points, choices = torch.stack([point for point, _ in drawn]), [c for _, c in drawn]
    classes = _classes(request, painter, choices)
    shares = torch.zeros(len(points), max(1, painter.config.classes))
    shares[torch.arange(len(points)), torch.tensor(classes or [0] * len(points))] = 1.0
    told = points
    if request.mode == "walk":
        is_spherical, frames = request.path == "slerp", request.frames
        points = walk(points, frames, is_loop=request.loop, is_spherical=is_spherical)
        shares = walk(shares, frames, is_loop=request.loop, is_spherical=False)
    return Commission(run, points, shares, told, seeds, classes)


def _classes(request: GanSampleRequest, painter: Painter, choices: Sequence[float]) -> list[int]:
    """Return the class of each point: those wished for by turns, else what its seed chose."""
    count = painter.config.classes
    if not count:
        return []
    if request.wishes is None:
        return [int(choice * count) for choice in choices]
    wished = [find_class(wish, painter.classes) for wish in request.wishes]
    return [wished[i % len(wished)] for i in range(len(choices))]


def _planned(run: Run, painter: Painter) -> Commission | None:
    try:
        return plan(run, painter)
    except RefusedError as error:
        run.fail(error.code, str(error))
        return None


def _next(waiting: Sequence[Commission], room: int) -> Iterator[tuple[Commission, slice]]:
    """Yield which pictures of which runs come next, those of the first runs first."""
    for commission in waiting:
        start = commission.done
        end = min(start + room, len(commission.points))
        room -= end - start
        if end > start:
            yield commission, slice(start, end)


def _finish(commission: Commission, painter: Painter) -> None:
    run, size = commission.run, painter.config.size
    request: GanSampleRequest = run.request
    showing = Showing(
        request.layout or "images",
        request.format or "png",
        scale=request.scale,
        is_smooth=request.resample == "lanczos",
        columns=request.columns,
        frame_ms=request.frame_ms,
        is_loop=request.loop or request.mode != "walk",
    )
    facts = described(request.model_dump(mode="json"), "latents")
    try:
        outputs = showing.outputs(torch.cat(commission.parts), facts)
    except ArtError as error:
        run.fail(error.code, str(error))
        return
    result: dict[str, Any] = {
        "latents": told(commission.told),
        "seeds": commission.seeds,
        "classes": [painter.classes[index] for index in commission.classes],
        "width": size * request.scale,
        "height": size * request.scale,
    }
    run.finish(Artwork(outputs, result))
