"""Pictures from codes: what jobs ask for, several callers' in one forward pass.

1. Kingma & Welling, Auto-encoding variational Bayes, arXiv:1312.6114.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import Tensor

from genart_core.arts.vae.familiar import familiar
from genart_core.arts.vae.painter import Painter, load_painter
from genart_core.arts.vae.reach import Mover
from genart_core.arts.vae.request import (
    VaeEditRequest,
    VaeSampleRequest,
    axis_of,
    check_edit,
    check_sample,
)
from genart_core.arts.vae.sampling import draw, grid, spaced
from genart_core.arts.vae.showing import shown
from genart_core.artwork import Artwork, Run, Workbench
from genart_core.nn.image import decode, luma_of, resize
from genart_core.nn.painting import Commission, paint
from genart_core.nn.showing import told
from genart_core.nn.walks import lerp, walk
from genart_core.request import sample_seed

MAX_INPUT_PIXELS = 2**28  # submitted pictures were counted before; this bounds other ways in

Plan: TypeAlias = Callable[[Run, Painter], Commission]


def sample(runs: Sequence[Run], workbench: Workbench) -> None:
    """Make the pictures of all `vae-sample` runs."""
    _paint(runs, workbench, plan_sample)


def edit(runs: Sequence[Run], workbench: Workbench) -> None:
    """Make the pictures of all `vae-edit` runs."""
    _paint(runs, workbench, plan_edit)


def plan_sample(run: Run, painter: Painter) -> Commission:
    """Return the points that a `vae-sample` run asks for.

    Raises:
        RefusedError: if the model hasn't what is asked for.
    """
    request: VaeSampleRequest = run.request
    check_sample(request, painter.card, None)
    points, seeds = _chosen(request, painter)
    mover = Mover(painter.reach)
    moved = _moved(points, request.concepts, mover)
    points = _laid_out(request, moved, mover)
    facts = {"seeds": seeds, "bounded": mover.bounded}
    return _commission(run, painter, points, chosen=moved, facts=facts)


def plan_edit(run: Run, painter: Painter) -> Commission:
    """Return the point that a `vae-edit` run asks for.

    Raises:
        ArtError: if a picture can't be read.
        RefusedError: if the model hasn't the concepts.
    """
    request: VaeEditRequest = run.request
    check_edit(request, painter.card, None)
    wanted = {"image": request.image, "mix": request.mix}
    given = {field: reference for field, reference in wanted.items() if reference is not None}
    images = torch.cat([_read(run, reference, painter) for reference in given.values()])
    codes, is_replaced = familiar(images, painter.encode(images), painter)
    point = codes[0] if len(codes) == 1 else lerp(codes[0], codes[1], request.mix_weight)
    mover = Mover(painter.reach)
    points = _moved(point[None], request.concepts, mover)
    unfamiliar = [field for field, is_far in zip(given, is_replaced, strict=True) if is_far]
    facts = {"seeds": [], "bounded": mover.bounded, "unfamiliar": unfamiliar}
    return _commission(run, painter, points, chosen=points, facts=facts)


def _paint(runs: Sequence[Run], workbench: Workbench, plan: Plan) -> None:
    painter = workbench.model("vae", runs[0].request.model, load_painter)
    paint(runs, lambda run: plan(run, painter), painter.decode, batch=painter.batch)


def _commission(
    run: Run, painter: Painter, points: Tensor, *, chosen: Tensor, facts: dict[str, Any]
) -> Commission:
    """Return what is to be decoded, and what its result tells: the chosen points and `facts`."""
    side = painter.config.size * run.request.scale
    result = {"latents": told(chosen), **facts, "width": side, "height": side}
    return Commission(run, (points,), lambda images: Artwork(shown(run.request, images), result))


def _chosen(request: VaeSampleRequest, painter: Painter) -> tuple[Tensor, list[int]]:
    """Return the points that are given or drawn, and the seeds of those drawn."""
    if request.latents is not None:
        return torch.tensor(request.latents), []
    seed = request.seed or 0
    seeds = request.seeds or [sample_seed(seed, i) for i in range(request.points)]
    mixture = painter.model.mixture if request.source == "mixture" else painter.prior
    points = [draw(each, mixture, temperature=request.temperature) for each in seeds]
    return torch.stack(points), seeds


def _laid_out(request: VaeSampleRequest, points: Tensor, mover: Mover) -> Tensor:
    """Return the points of all pictures that come of the chosen ones."""
    if request.mode == "walk":
        is_spherical = request.path == "slerp"
        return walk(points, request.frames, is_loop=request.loop, is_spherical=is_spherical)
    if request.mode == "grid":
        across, down = (
            partial(mover.along, axis_of(axis)) for axis in (request.across, request.down)
        )
        columns = spaced(request.across_range, request.columns)
        rows = spaced(request.down_range, request.rows)
        return grid(points[0], across, down, columns=columns, rows=rows)
    return points


def _moved(points: Tensor, concepts: dict[str, float], mover: Mover) -> Tensor:
    """Return points moved along concepts, one after the other."""
    for name, strength in concepts.items():
        points = mover.along(name, points, torch.full((len(points),), strength))
    return points


def _read(run: Run, reference: str, painter: Painter) -> Tensor:
    """Return the square at a picture's centre, `(1, C, size, size)`, as the network takes it."""
    rgb = decode(run.input(reference), max_pixels=MAX_INPUT_PIXELS).rgb[None]
    height, width = rgb.shape[-2:]
    short, size = min(height, width), painter.config.size
    top, left = (height - short) // 2, (width - short) // 2
    rgb = resize(rgb[..., top : top + short, left : left + short], size, size).clamp(0.0, 1.0)
    return luma_of(rgb) if painter.config.channels == 1 else rgb
