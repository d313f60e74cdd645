"""What an autoencoder loses: nats of the picture, nats of its code, and detail.

1. Kingma & Welling, Auto-encoding variational Bayes, arXiv:1312.6114 (the bound, appendix B).
2. Mathieu, Couprie, LeCun, Deep multi-scale video prediction, arXiv:1511.05440 (differences of
   gradients keep edges sharp).

All are per picture, `(B,)` or `(B, ...)`, and computed in float32 at least.
"""

import math
from typing import Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

Likelihood: TypeAlias = Literal["laplace", "bernoulli"]

SCALES = 3


def kl_divergence(mu: Tensor, log_var: Tensor) -> Tensor:
    """Return KL(N(mu, exp(log_var)) || N(0, 1)) of each dimension in nats (1, appendix B)."""
    return 0.5 * (mu.square() + log_var.exp() - 1.0 - log_var)


def reconstruction(
    logits: Tensor, images: Tensor, likelihood: Likelihood, *, scale: float
) -> Tensor:
    """Return the negative log-likelihood `(B,)` of images in [0, 1] in nats.

    `laplace` has the given scale; it is a density, so that nats may be negative.
    """
    logits = logits.float()
    if likelihood == "bernoulli":
        nats = F.binary_cross_entropy_with_logits(logits, images, reduction="none")
        return nats.flatten(1).sum(1)
    errors = (logits.sigmoid() - images).abs().flatten(1)
    return errors.sum(1) / scale + errors.shape[1] * math.log(2.0 * scale)


def detail(got: Tensor, wanted: Tensor) -> Tensor:
    """Return `(B,)`: the mean absolute error of the gradients at three scales, summed (2)."""
    error = got - wanted  # gradients are linear, so their difference is that of the error
    total = torch.zeros(len(error), device=error.device)
    for scale in range(SCALES):
        if min(error.shape[-2:]) < 2:
            break
        error = F.avg_pool2d(error, 2) if scale else error
        total = total + (error[..., 1:, :] - error[..., :-1, :]).abs().mean((1, 2, 3))
        total = total + (error[..., :, 1:] - error[..., :, :-1]).abs().mean((1, 2, 3))
    return total
