"""Points among codes: drawn, and moved along directions."""

from collections.abc import Sequence

import torch
from torch import Tensor

from genart_core.arts.vae.mixture import Mixture


def draw(seed: int, width: int, mixture: Mixture | None, *, temperature: float = 1.0) -> Tensor:
    """Return the point `(width,)` that a seed stands for, of a mixture or of N(0, 1)."""
    generator = torch.Generator().manual_seed(seed)
    choice = torch.rand(1, generator=generator)
    noise = temperature * torch.randn(1, width, generator=generator)
    return noise[0] if mixture is None else mixture.points(choice, noise)[0]


def grid(
    point: Tensor,
    across: Tensor,
    down: Tensor,
    *,
    columns: Sequence[float],
    rows: Sequence[float],
) -> Tensor:
    """Return `(rows * columns, L)`: a point moved by so much along two directions, row by row."""
    right = torch.tensor(columns)[:, None] * across
    below = torch.tensor(rows)[:, None] * down
    return (point + below[:, None] + right[None]).flatten(0, 1)


def spaced(extent: Sequence[float], count: int) -> list[float]:
    """Return `count` numbers from one end to the other, the middle if it is one."""
    first, last = extent
    if count == 1:
        return [(first + last) / 2]
    return [first + (last - first) * i / (count - 1) for i in range(count)]
