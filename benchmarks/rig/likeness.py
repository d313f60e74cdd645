"""How like real pictures drawn ones are, by the features that a network sees in both.

1. Heusel et al., GANs trained by a two time-scale update rule, arXiv:1706.08500 (Frechet distance)
2. Kynkaanniemi et al., Improved precision and recall metric, arXiv:1904.06991
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

NEIGHBOURS = 3  # the ball around a picture reaches to its third neighbour (2)
BLOCK = 2500  # rows of distances that are held at once


@dataclass(frozen=True)
class Gaussian:
    """Mean `(D,)` and covariance `(D, D)` of features, in float64."""

    mean: Tensor
    covariance: Tensor

    @classmethod
    def of(cls, features: Tensor) -> "Gaussian":
        """Return the Gaussian of features `(N, D)`."""
        features = features.double()
        return cls(features.mean(0), torch.cov(features.T))


def frechet_distance(one: Gaussian, other: Gaussian) -> float:
    """Return |m - n|^2 + tr(A + B - 2 (A B)^(1/2)) of two Gaussians (1).

    The trace of (A B)^(1/2) is that of (R B R)^(1/2), R being the root of A: symmetric, so that its
    eigenvalues are had without the pitfalls of a root of a matrix that is not.
    """
    root = _root(one.covariance)
    values = torch.linalg.eigvalsh(root @ other.covariance @ root).clamp(min=0.0)
    trace = one.covariance.trace() + other.covariance.trace() - 2.0 * values.sqrt().sum()
    return float((one.mean - other.mean).square().sum() + trace)


def precision_and_recall(real: Tensor, drawn: Tensor) -> tuple[float, float]:
    """Return the shares of drawn pictures among the real ones, and of real among the drawn (2).

    A picture is among others if it lies within the ball of one of them, by features `(N, D)`.
    """
    return _share_within(drawn, real), _share_within(real, drawn)


def features_of(
    pixels: NDArray[np.uint8], network: Callable[[Tensor], Tensor], batch: int = 100
) -> Tensor:
    """Return what a network sees in pictures `(N, H, W, 3)`, as `(N, D)`.

    `network` takes images `(B, 3, H, W)` in [0, 1].
    """
    with torch.inference_mode():
        parts = [network(images) for images in _batches(pixels, batch)]
    return torch.cat(parts).float()


def _batches(pixels: NDArray[np.uint8], batch: int) -> Iterator[Tensor]:
    for start in range(0, len(pixels), batch):
        part = torch.from_numpy(pixels[start : start + batch])
        yield part.movedim(-1, -3).float().div(255.0)


def _root(matrix: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(matrix)
    root: Tensor = (vectors * values.clamp(min=0.0).sqrt()) @ vectors.T
    return root


def _share_within(features: Tensor, others: Tensor) -> float:
    radii = _radii(others)
    found = [(torch.cdist(part, others) <= radii).any(1).sum() for part in _blocks(features)]
    return float(torch.stack(found).sum()) / len(features)


def _radii(features: Tensor) -> Tensor:
    """Return the distance of each picture to its third neighbour, itself not counted."""
    return torch.cat(
        [
            torch.cdist(part, features).topk(NEIGHBOURS + 1, largest=False).values[:, -1]
            for part in _blocks(features)
        ]
    )


def _blocks(features: Tensor) -> Iterator[Tensor]:
    for start in range(0, len(features), BLOCK):
        yield features[start : start + BLOCK]
