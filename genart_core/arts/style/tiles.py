"""Losses and gradients tile by tile, for pictures whose activations don't fit in memory at once.

A loss of Gram matrices depends on the whole picture, so there are two passes. The first sums up the
Gram matrices of all tiles without gradients; the second goes backward through each tile, with the
loss' derivative by those sums held fixed. Each tile is seen with a halo as wide as the network can
see, so that the result is that of one piece, up to rounding.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor

from genart_core.arts.style.losses import Goal, gram, total_of, total_variation

Masks: TypeAlias = Mapping[str, Sequence[Tensor | None]]


class StoppedError(Exception):
    """Raised between tiles when the run is no longer wanted."""


@dataclass(frozen=True)
class Tile:
    """A window of the picture (`core`), and the same with its halo (`outer`), as (start, end)."""

    core: tuple[tuple[int, int], tuple[int, int]]
    outer: tuple[tuple[int, int], tuple[int, int]]
    ends: tuple[bool, bool]

    def window(self, image: Tensor) -> Tensor:
        """Return what of an image `(1, 3, H, W)` is seen, halo included."""
        (top, bottom), (left, right) = self.outer
        return image[..., top:bottom, left:right]

    def inner(self, stride: int) -> tuple[slice, slice]:
        """Return the core's places within the activations of what is seen."""
        down, across = (
            slice((a - o) // stride, None if is_end else (b - o) // stride)
            for (a, b), (o, _), is_end in zip(self.core, self.outer, self.ends, strict=True)
        )
        return down, across

    def places(self, stride: int) -> tuple[slice, slice]:
        """Return the core's places within the activations of the whole picture."""
        down, across = (
            slice(a // stride, None if is_end else b // stride)
            for (a, b), is_end in zip(self.core, self.ends, strict=True)
        )
        return down, across


def cut(height: int, width: int, *, tile: int, halo: int, stride: int) -> list[Tile]:
    """Return tiles, none larger than `tile`, that cover a picture and begin at places of `stride`.

    `tile` and `halo` are multiples of it.
    """
    rows, columns = (_spans(length, tile, halo, stride) for length in (height, width))
    return [
        Tile((row[0], column[0]), (row[1], column[1]), (row[0][1] == height, column[0][1] == width))
        for row in rows
        for column in columns
    ]


def _spans(
    length: int, tile: int, halo: int, stride: int
) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    even = length / -(-length // tile)  # tiles of one size are the best use of memory
    step = -(-even // stride) * stride
    edges = [*range(0, length, int(step)), length]
    return [
        ((a, b), (max(0, a - halo), min(length, b + halo)))
        for a, b in zip(edges, edges[1:], strict=False)
    ]


class Tiled:
    """Evaluates a goal tile by tile; `stopped` is asked before each."""

    def __init__(
        self, network: Any, tile: int, halo: int, stopped: Callable[[], bool] = lambda: False
    ) -> None:
        self._network = network
        self._tile = tile
        self._halo = halo
        self._stopped = stopped

    def tiles(self, image: Tensor) -> Iterator[tuple[Tile, Tensor]]:
        """Yield the tiles of an image, and what is seen of it from each.

        Raises:
            StoppedError: as soon as the run is no longer wanted.
        """
        height, width = image.shape[-2:]
        stride = self._network.stride
        for tile in cut(height, width, tile=self._tile, halo=self._halo, stride=stride):
            if self._stopped():
                raise StoppedError
            yield tile, tile.window(image)

    @torch.no_grad()
    def sizes(self, image: Tensor) -> dict[str, tuple[int, int]]:
        """Return height and width of each layer's activations, found on strips of the picture."""
        strip = max(self._network.stride, self._network.smallest)
        column, row = self._network(image[..., :strip]), self._network(image[..., :strip, :])
        return {n: (column[n].shape[-2], row[n].shape[-1]) for n in self._network.layers}

    @torch.no_grad()
    def grams(
        self, image: Tensor, masks: dict[str, list[Tensor | None]]
    ) -> dict[str, list[Tensor]]:
        """Return the Gram sums of each layer, one for each of its masks (None: all places)."""
        sums: dict[str, list[Tensor]] = {}
        for tile, seen in self.tiles(image):
            features = self._network(seen)
            for name, wanted in masks.items():
                stride = self._network.layers[name].stride
                places, core = tile.places(stride), features[name][(..., *tile.inner(stride))]
                found = [gram(core, None if m is None else m[places]) for m in wanted]
                before = sums.get(name)
                sums[name] = found if before is None else _added(before, found)
        return sums

    @torch.no_grad()
    def features(self, image: Tensor, names: list[str]) -> dict[str, Tensor]:
        """Return the whole picture's activations of a few layers, put together from tiles."""
        whole: dict[str, dict[tuple[int, int], Tensor]] = {name: {} for name in names}
        for tile, seen in self.tiles(image):
            features = self._network(seen)
            for name in names:
                part = features[name][(..., *tile.inner(self._network.layers[name].stride))]
                whole[name][tile.core[0][0], tile.core[1][0]] = part.clone()
        return {name: _joined(parts) for name, parts in whole.items()}

    def evaluate(self, goal: Goal, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return losses `(4,)` and the total's gradient `(1, 3, H, W)`, as in one piece."""
        masks = {n: [region.mask for region in regions] for n, regions in goal.style.items()}
        sums = self.grams(image, masks) if masks else {}
        pairs = [
            (region, total)
            for name, regions in goal.style.items()
            for region, total in zip(regions, sums[name], strict=True)
        ]
        style = total_of([region.loss(total) for region, total in pairs], image)
        slopes = {
            name: [goal.style_weight * r.slope(s) for r, s in zip(regions, sums[name], strict=True)]
            for name, regions in goal.style.items()
        }
        content, gradient = self._backward(goal, slopes, image)
        whole = image.detach().requires_grad_()
        with torch.enable_grad():
            tv = total_variation(whole)
            (smooth,) = torch.autograd.grad(goal.tv_weight * tv, whole)
        gradient += smooth
        total = goal.total(content, style, tv)
        return torch.stack([content, style, tv, total]).detach(), gradient

    def _backward(
        self, goal: Goal, slopes: dict[str, list[Tensor]], image: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return the content loss, and its and the style loss' gradient."""
        gradient, losses = torch.zeros_like(image), image.new_zeros(())
        for tile, seen in self.tiles(image):
            seen = seen.detach().requires_grad_()
            with torch.enable_grad():
                features = self._network(seen)
                content = self._content(goal, tile, features, image)
                style = self._surrogate(goal, tile, features, slopes, image)
                (found,) = torch.autograd.grad(goal.content_weight * content + style, seen)
            tile.window(gradient).add_(found)
            losses = losses + content.detach()
        return losses, gradient

    def _content(
        self, goal: Goal, tile: Tile, features: dict[str, Tensor], image: Tensor
    ) -> Tensor:
        losses = []
        for name, kept in goal.content.items():
            stride = self._network.layers[name].stride
            core = features[name][(..., *tile.inner(stride))]
            losses.append(kept.loss(core, tile.places(stride)))
        return total_of(losses, image)

    def _surrogate(
        self,
        goal: Goal,
        tile: Tile,
        features: dict[str, Tensor],
        slopes: dict[str, list[Tensor]],
        image: Tensor,
    ) -> Tensor:
        """Return what has the style loss' gradient: the tile's Gram sums times the slopes."""
        parts = []
        for name, regions in goal.style.items():
            stride = self._network.layers[name].stride
            core, places = features[name][(..., *tile.inner(stride))], tile.places(stride)
            for region, slope in zip(regions, slopes[name], strict=True):
                mask = None if region.mask is None else region.mask[places]
                parts.append((gram(core, mask) * slope).sum())
        return total_of(parts, image)


def _added(a: list[Tensor], b: list[Tensor]) -> list[Tensor]:
    return [x + y for x, y in zip(a, b, strict=True)]


def _joined(parts: dict[tuple[int, int], Tensor]) -> Tensor:
    rows: dict[int, list[Tensor]] = {}
    for (top, _), part in sorted(parts.items(), key=lambda item: item[0]):
        rows.setdefault(top, []).append(part)
    whole = torch.cat([torch.cat(row, dim=-1) for row in rows.values()], dim=-2)
    return whole.contiguous(memory_format=torch.channels_last)
