"""How far codes may be moved along concepts: no further than codes of real pictures lie.

A decoder has learned nothing of what is beyond, and what it paints there is no picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from genart_core.arts.vae.mixture import Mixture

BEYOND = 0.005  # share of the mixture's codes that lie beyond each bound
SLACK = 1e-4  # of a concept's strength


@dataclass(frozen=True)
class Reach:
    """Concepts, how to read a code's place along each, and the bounds of that place.

    `directions` and `normals` are `(n, L)`, `low` and `high` `(n,)`, in the concepts' own units.
    """

    names: tuple[str, ...]
    directions: Tensor
    normals: Tensor
    low: Tensor
    high: Tensor

    @classmethod
    def of(cls, names: Sequence[str], directions: Tensor, mixture: Mixture) -> "Reach":
        """Return what a mixture of codes tells of concepts."""
        # In the metric of the codes' covariance a move along one concept is none along another.
        normals = torch.cholesky_solve(directions.T, mixture.gaussian().roots[0]).T
        lengths = (directions * normals).sum(1, keepdim=True)
        normals = normals / lengths.clamp(min=1e-9)
        low, high = (mixture.quantiles(normals, share) for share in (BEYOND, 1.0 - BEYOND))
        return cls(tuple(names), directions, normals, low, high)

    def steps(self, name: str, points: Tensor, strengths: Tensor) -> Tensor:
        """Return how far `(N,)` of their strengths points `(N, L)` can go along a concept.

        What is beyond a bound already goes no further, and is not drawn back.
        """
        number = self.names.index(name)
        place = points @ self.normals[number]
        low = place.clamp(max=self.low[number])
        high = place.clamp(min=self.high[number])
        return (place + strengths).clamp(low, high) - place


@dataclass
class Mover:
    """Moves codes for one run, and remembers the concepts whose bounds it met."""

    reach: Reach
    bounded: list[str] = field(default_factory=list)

    def along(self, axis: int | str, points: Tensor, strengths: Tensor) -> Tensor:
        """Return points `(N, L)` moved by strengths `(N,)` along a concept or a number."""
        if isinstance(axis, int):
            return points + strengths[:, None] * torch.eye(points.shape[1])[axis]
        steps = self.reach.steps(axis, points, strengths)
        if axis not in self.bounded and ((steps - strengths).abs() > SLACK).any():
            self.bounded.append(axis)
        return points + steps[:, None] * self.reach.directions[self.reach.names.index(axis)]
