"""Noticing that a generator draws the same picture again and again, or that nobody learns.

How varied a batch is, is the mean distance of its pictures of the same class, seen coarsely, beside
that of as many real ones. A generator has collapsed when little of that is left; it is about to
when the discriminator is always right and the pictures grow alike.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

COARSE = 8  # pixels a side at which pictures are compared: shapes and colours, not grain
LEAST = 0.2  # of the variety of real pictures
FALLEN = 0.6  # of the best variety so far
SATURATED = 0.98  # share of pictures that the discriminator is right about
SMOOTHING = 0.95


def variety(images: Tensor, classes: Tensor) -> float:
    """Return the mean root-mean-square distance of images `(B, 3, H, W)` of the same class."""
    factor = max(1, images.shape[-1] // COARSE)
    seen = F.avg_pool2d(images.float(), factor).flatten(1)
    distances = torch.cdist(seen, seen) / seen.shape[1] ** 0.5
    is_pair = (classes[:, None] == classes[None]).triu(diagonal=1)
    return float(distances[is_pair].mean())


class Watch:
    """Follows accuracy and variety; tells once of each misfortune, and again if it comes back."""

    def __init__(self) -> None:
        self.accuracy = 0.5
        self.best = 0.0
        self.told = ""

    def saw(self, accuracy: float) -> None:
        """Note how often the discriminator was right in a step."""
        self.accuracy = SMOOTHING * self.accuracy + (1 - SMOOTHING) * accuracy

    def judge(self, variety: float) -> str | None:
        """Return what there is to warn of, of a variety relative to that of real pictures."""
        self.best = max(self.best, variety)
        warning = ""
        if variety < LEAST:
            warning = "collapse: pictures of a class are nearly the same"
        elif self.accuracy > SATURATED and variety < FALLEN * self.best:
            warning = "collapse is near: the discriminator is always right, pictures grow alike"
        elif self.accuracy > SATURATED:
            warning = "the discriminator is always right, so that the generator learns little"
        is_news = warning not in ("", self.told)
        self.told = warning
        return warning if is_news else None
