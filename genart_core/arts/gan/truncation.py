"""Truncation: points led towards those of typical pictures, which are better and more alike.

1. Karras et al., A style-based generator, arXiv:1812.04948 (styles are led towards their mean).
2. Mokady et al., Self-distilled StyleGAN, arXiv:2202.12211 (towards the nearest of several centres,
   since a mean of all is typical of none).
3. DeVries et al., Instance selection for GANs, arXiv:2007.15255 (typical by features).

Differs from 1 and 2: there is no space of styles here. Points are turned along great circles and
keep the length that the generator was trained on: of shorter ones it makes mist.
"""

import torch
from torch import Tensor

from genart_core.arts.gan.model import Generator
from genart_core.nn.walks import slerp

DRAWN = 512  # points of a class, of which the most typical become its centres
CENTRES = 32
BATCH = 64
SCALES = 2  # the coarse ones tell what is where, and are soon computed
SHRINKAGE = 0.1  # of the correlations, towards none: 512 points tell 128 of them only so well


class Truncation:
    """Leads points towards typical ones of their class, which are found when first asked for.

    They are found in float32 on the CPU, so that they are the same ones on every machine.
    """

    def __init__(self, network: Generator) -> None:
        self._network = network
        self._centres: dict[int, Tensor] = {}

    def led(self, points: Tensor, classes: list[int], truncation: float) -> Tensor:
        """Return points `(N, Z)` that keep a share of the way from the nearest centre."""
        if truncation == 1.0:
            return points
        pairs = zip(points, classes or [0] * len(points), strict=True)
        return torch.stack(
            [
                slerp(nearest(point, self.centres(label)), point, truncation)
                for point, label in pairs
            ]
        )

    def centres(self, label: int) -> Tensor:
        """Return the points `(CENTRES, Z)` of a class's most typical pictures, typical first."""
        if label not in self._centres:
            generator = torch.Generator().manual_seed(label)
            points = torch.randn(DRAWN, self._network.config.latent, generator=generator)
            order = oddness(self._seen(points, label)).argsort(stable=True)
            self._centres[label] = points[order[:CENTRES]]
        return self._centres[label]

    def _seen(self, points: Tensor, label: int) -> Tensor:
        classes = torch.full((BATCH,), label)
        with torch.inference_mode():
            parts = [
                self._network.features(part, classes, SCALES).mean((2, 3))
                for part in torch.split(points, BATCH)
            ]
        return torch.cat(parts)


def nearest(point: Tensor, centres: Tensor) -> Tensor:
    """Return the row of `(N, Z)` in the direction most like that of a point `(Z,)`."""
    return centres[torch.cosine_similarity(centres, point[None], dim=1).argmax()]


def oddness(features: Tensor) -> Tensor:
    """Return how far each row of `(N, D)` lies from what is usual: a squared Mahalanobis distance.

    A feature that never changes tells nothing.
    """
    found = features.double()
    standard = (found - found.mean(0)) / found.std(0).clamp(min=1e-12)
    correlations = standard.T @ standard / (len(found) - 1)
    usual = torch.eye(len(correlations), dtype=torch.float64)
    shrunk = torch.lerp(correlations, usual, SHRINKAGE)
    distances: Tensor = (standard * torch.linalg.solve(shrunk, standard.T).T).sum(1)
    return distances
