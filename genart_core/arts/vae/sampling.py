"""Points among codes: drawn, and laid out on a grid."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from genart_core.arts.vae.mixture import Mixture


def draw(seed: int, mixture: Mixture, *, temperature: float = 1.0) -> Tensor:
    """Return the point `(L,)` of a mixture that a seed stands for."""
    generator = torch.Generator().manual_seed(seed)
    choice = torch.rand(1, generator=generator)
    noise = temperature * torch.randn(1, mixture.means.shape[1], generator=generator)
    return mixture.points(choice, noise)[0]


def grid(
    point: Tensor,
    across: Callable[[Tensor, Tensor], Tensor],
    down: Callable[[Tensor, Tensor], Tensor],
    *,
    columns: Sequence[float],
    rows: Sequence[float],
) -> Tensor:
    """Return `(rows * columns, L)`: a point moved by so much in two ways, row by row.

    `across` and `down` move points `(N, L)` by strengths `(N,)`.
    """
    strengths = torch.tensor(columns)
    right = across(point.expand(len(columns), -1), strengths)
    below = torch.tensor(rows).repeat_interleave(len(columns))
    return down(right.repeat(len(rows), 1), below)


def spaced(extent: Sequence[float], count: int) -> list[float]:
    """Return `count` numbers from one end to the other, the middle if it is one."""
    first, last = extent
    if count == 1:
        return [(first + last) / 2]
    return [first + (last - first) * i / (count - 1) for i in range(count)]
