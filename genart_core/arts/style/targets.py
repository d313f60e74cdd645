"""What a picture of one size is to be like: the goal, seen from content and style pictures."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from genart_core.arts.style.layers import Layers
from genart_core.arts.style.losses import Goal, Kept, Region, kept, mask_at, region
from genart_core.arts.style.tiles import Tiled


@dataclass(frozen=True)
class Weights:
    """How much each part counts; `blend` is of the styles, and sums to 1."""

    content: float
    style: float
    tv: float
    blend: tuple[float, ...]


def make_goal(
    eyes_for: Callable[[Tensor], Tiled],
    layers: Layers,
    weights: Weights,
    *,
    content: Tensor,
    styles: Sequence[Tensor],
    masks: Tensor | None,
) -> Goal:
    """Return the goal at the size of `content` `(1, 3, H, W)`.

    `eyes_for` gives what sees a picture of a size. `styles` are of any size; `masks`
    `(styles, H, W)` say where each of them acts.
    """
    targets = [_grams(eyes_for(style), layers, style) for style in styles]
    eyes = eyes_for(content)
    sizes = eyes.sizes(content)
    style = {
        name: _regions([t[name] for t in targets], weights.blend, masks, share, sizes[name])
        for name, share in layers.style.items()
    }
    return Goal(_content(eyes, layers, content), style, weights.content, weights.style, weights.tv)


def apart(masks: Tensor) -> Tensor:
    """Return masks `(styles, H, W)` that sum to 1 at most: where they overlap, styles share."""
    return masks / masks.sum(dim=0, keepdim=True).clamp_min(1.0)


def _content(eyes: Tiled, layers: Layers, content: Tensor) -> dict[str, Kept]:
    features = eyes.features(content, list(layers.content))
    return {name: kept(features[name], share) for name, share in layers.content.items()}


def _grams(eyes: Tiled, layers: Layers, picture: Tensor) -> dict[str, Tensor]:
    """Return the Gram matrix per place `(C, C)` of each style layer."""
    sums = eyes.grams(picture, {name: [None] for name in layers.style})
    sizes = eyes.sizes(picture)
    return {name: total / math.prod(sizes[name]) for name, (total,) in sums.items()}


def _regions(
    grams: Sequence[Tensor],
    blend: Sequence[float],
    masks: Tensor | None,
    share: float,
    size: tuple[int, int],
) -> list[Region]:
    """Return one layer's style targets: a blend of all everywhere, or each in its region."""
    places = math.prod(size)
    if masks is None:
        target = torch.stack([g * weight for g, weight in zip(grams, blend, strict=True)]).sum(0)
        return [region(target, share, None, places)]
    return [
        region(gram, share * weight * len(grams), mask_at(mask, size), places)
        for gram, weight, mask in zip(grams, blend, masks, strict=True)
    ]
