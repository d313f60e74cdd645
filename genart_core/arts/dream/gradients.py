"""The gradient of an objective with respect to a picture: whole or in tiles, and evened out.

1. Mordvintsev, Olah, Tyka, Inceptionism, 2015 (mean-abs); their notebook for TensorFlow has the
   tiles and the Laplacian pyramid.
2. Burt, Adelson, The Laplacian pyramid as a compact image code, 1983.
3. Luo et al., Understanding the effective receptive field, arXiv:1701.04128.
4. Olah, Mordvintsev, Schubert, Feature visualization, Distill 2017, doi:10.23915/distill.00007
   (preconditioning: steps in decorrelated colours).

Differs from 1: tiles overlap, so that a gradient hardly depends on where they lie.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from genart_core.arts.dream.losses import Objective
from genart_core.arts.dream.request import SMALLEST_WINDOW

# Where nothing is excited a gradient is 0 and stays so. The means of a large picture's squares have
# gradients of 1e-12 and less; fp32 reaches down to 1e-38.
EPSILON = 1e-30
LEVELS = 4  # of the Laplacian pyramid, as in the notebook
# A root of the covariance of ImageNet's colours, red, green, blue: `color_correlation_svd_sqrt` of
# Olah et al. (4), as they published it.
COLOR_FACTOR = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))

Normalise: TypeAlias = Callable[[Tensor], Tensor]


class Network(Protocol):
    """The part of a feature extractor that is asked here."""

    @property
    def stride(self) -> int:
        """Input pixels from one position of the deepest layer to the next."""

    @property
    def receptive_field(self) -> int:
        """Side of the square of input pixels that a position of the deepest layer sees."""

    @property
    def smallest(self) -> int:
        """Pixels a side that an image must have for the deepest layer to have one position."""

    def __call__(self, images: Tensor) -> dict[str, Tensor]:
        """Return the features by layer."""


@dataclass(frozen=True)
class Span:
    """A tile along one axis: the pixels that are looked at, and those whose gradient is kept."""

    start: int
    stop: int
    first: int
    last: int


@dataclass(frozen=True)
class Tiling:
    """Windows of at most `window` pixels a side; `margin` pixels at each side are only context.

    A gradient is exact where the margin is as wide as the receptive field. Half of that, the
    default, leaves out what features say of pixels that they hardly see: a position's weight falls
    off like a Gaussian towards the edge of its field (Luo et al.).
    """

    window: int
    margin: int
    stride: int

    @classmethod
    def of(cls, network: Network, window: int) -> "Tiling":
        """Return windows of at most `window` pixels, half of them kept at least."""
        stride = network.stride
        half_field = -(-network.receptive_field // (2 * stride)) * stride
        return cls(window, min(half_field, window // (4 * stride) * stride), stride)

    def holds(self, image: Tensor) -> bool:
        """Whether an image (..., H, W) has no more pixels than one window."""
        return image.shape[-2] * image.shape[-1] <= self.window**2

    def spans(self, length: int, offset: int) -> list[Span]:
        """Cover an axis; the first seam lies at `offset`, a multiple of the stride.

        All windows begin at such multiples, since there features lie as in the whole picture.
        """
        if length <= self.window:
            return [Span(0, length, 0, length)]
        kept = self.window - 2 * self.margin
        seams = [0, *range(offset or kept, length, kept), length]
        pairs = zip(seams, seams[1:], strict=False)
        return [self._span(first, last, length) for first, last in pairs]

    def _span(self, first: int, last: int, length: int) -> Span:
        """Return what is kept with its margins, no larger: at an edge that may be a sliver."""
        needed = min(length, last + self.margin) - max(0, first - self.margin)
        side = -(-max(needed, SMALLEST_WINDOW) // self.stride) * self.stride
        side = min(self.window, side)
        start = max(0, min(first - self.margin, length - side))
        start -= start % self.stride
        stop = start + side
        return Span(start, length if length - stop < self.stride else stop, first, last)

    def offset(self, generator: torch.Generator) -> int:
        """Draw where the first seam lies."""
        kept = self.window - 2 * self.margin
        return self.stride * int(torch.randint(kept // self.stride, (), generator=generator))


def whole_gradient(image: Tensor, network: Network, objective: Objective) -> tuple[Tensor, Tensor]:
    """Return the loss, a scalar, and its gradient with respect to the image (1, 3, H, W)."""
    x = image.detach().requires_grad_()
    with torch.enable_grad():
        loss = objective(network(x))
    (gradient,) = torch.autograd.grad(loss, x)
    return loss.detach(), gradient


def tiled_gradient(
    image: Tensor,
    network: Network,
    objective: Objective,
    *,
    tiling: Tiling,
    offsets: tuple[int, int],
    before_tile: Callable[[], None],
) -> tuple[Tensor, Tensor]:
    """Return the same as `whole_gradient`, nearly, in the memory of one window.

    Windows count by their area, which makes their means that of the whole. The loss is the windows'
    losses weighted by what is kept of each. `before_tile` may raise to stop.
    """
    height, width = image.shape[-2:]
    gradient, loss = torch.empty_like(image), image.new_zeros(())
    for rows in tiling.spans(height, offsets[0]):
        for columns in tiling.spans(width, offsets[1]):
            before_tile()
            window = image[:, :, rows.start : rows.stop, columns.start : columns.stop]
            part, slope = whole_gradient(window, network, objective)
            kept = slope[
                :,
                :,
                rows.first - rows.start : rows.last - rows.start,
                columns.first - columns.start : columns.last - columns.start,
            ]
            area = window.shape[-2] * window.shape[-1] / (height * width)
            gradient[:, :, rows.first : rows.last, columns.first : columns.last] = kept * area
            loss += part * (kept.shape[-2] * kept.shape[-1] / (height * width))
    return loss, gradient


def by_mean_abs(gradient: Tensor) -> Tensor:
    """Divide in place by the mean of absolute values."""
    return gradient.div_(torch.linalg.vector_norm(gradient, 1) / gradient.numel() + EPSILON)


def by_std(gradient: Tensor) -> Tensor:
    """Divide in place by the standard deviation."""
    return gradient.div_(gradient.std(correction=0) + EPSILON)


def by_laplacian(gradient: Tensor) -> Tensor:
    """Divide each band of a Laplacian pyramid by the root of its deviation, the sum as mean-abs.

    The coarse bands, in which a network's gradient is weak, come out stronger: shapes are bolder
    and smoother. The notebook divides by the deviation itself; with low layers that leaves blots.
    """
    bands, rest = [], gradient
    for _ in range(LEVELS):
        if min(rest.shape[-2:]) < 2:
            break
        coarse = _halved(rest)
        bands.append(rest - _doubled(coarse, rest))
        rest = coarse
    merged = _tempered(rest)
    for band in reversed(bands):
        merged = _doubled(merged, band).add_(_tempered(band))
    return by_mean_abs(merged)


def correlated(gradient: Tensor, decorrelate: float) -> Tensor:
    """Return the step (1, 3, H, W) that follows a gradient in decorrelated colours.

    With x = C u a step along dL/du is C C^T times that along dL/dx (Olah et al. 2017): it is long
    in brightness, in which photographs vary, and short in hue. `decorrelate` in [0, 1] is the share
    of that matrix, the rest being the identity; both move a single colour as far.
    """
    if decorrelate == 0.0:
        return gradient
    return torch.einsum("ij,bjhw->bihw", _color_matrix(decorrelate, gradient.device), gradient)


NORMALISATIONS: dict[str, Normalise] = {
    "mean-abs": by_mean_abs,
    "std": by_std,
    "laplacian": by_laplacian,
}


def _tempered(band: Tensor) -> Tensor:
    return band / (band.std(correction=0).sqrt() + EPSILON)


def _halved(x: Tensor) -> Tensor:
    return F.conv2d(F.pad(x, (2, 2, 2, 2), mode="replicate"), _kernel(x.device), stride=2, groups=3)


def _doubled(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, like.shape[-2:], mode="bilinear", align_corners=False)


# Both are held, since nothing may be copied to a CUDA device while a step is recorded there.
@lru_cache(maxsize=16)
def _color_matrix(decorrelate: float, device: torch.device) -> Tensor:
    factor = torch.tensor(COLOR_FACTOR)
    matrix = factor @ factor.t()
    matrix = matrix * (3 * decorrelate / matrix.trace()) + (1 - decorrelate) * torch.eye(3)
    return matrix.to(device)


@lru_cache(maxsize=4)
def _kernel(device: torch.device) -> Tensor:
    row = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    return torch.outer(row, row).expand(3, 1, 5, 5).contiguous().to(device)
