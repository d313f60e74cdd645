"""Optimisers of a picture. No value ever leaves its device, so that a GPU is never waited for.

1. Liu & Nocedal, On the limited memory BFGS method, Mathematical Programming 45, 1989.
2. Byrd, Nocedal & Schnabel, Representations of quasi-Newton matrices and their use in limited
   memory methods, Mathematical Programming 63, 1994 (compact form, eq. 3.1).
3. Kingma & Ba, Adam, arXiv:1412.6980.
4. Olah, Mordvintsev & Schubert, Feature visualization, Distill 2017 (spectral preconditioning).
"""

from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from genart_core.arts.style.memory import HISTORY

FIRST_STEP = 0.02  # root mean square of the first step of L-BFGS, in units of white
LONGEST_STEP = 0.25  # the same, of any step
TILT = 0.4  # of 0.25, 0.4, 0.5 and 1 the one with the least loss after 30 and 60 evaluations
CURVATURE = 1e-6  # a step's least cosine with its change of gradient, to be remembered

LEARNING_RATE = 0.02
BETAS = (0.9, 0.99)
DECAY = 0.99  # of the mean of Adam's iterates
EPSILON = 1e-8


class Optimiser(Protocol):
    """Proposes pictures `(1, 3, H, W)` and is told how they were."""

    @property
    def trial(self) -> Tensor:
        """The picture to be evaluated next."""

    @property
    def best(self) -> Tensor:
        """The picture as far as it has come."""

    def tell(self, losses: Tensor, gradient: Tensor) -> Tensor:
        """Take in the losses of the trial (the last is minimised) and its gradient.

        Returns the losses of where the optimiser stands now.
        """


class Spectrum:
    """Spectral coordinates of a picture, in which coarse forms are as easily moved as fine ones.

    The amplitude of frequency f is divided by f^-TILT, which evens out what the losses' curvature
    does to pixels; natural pictures have much the same spectrum.
    """

    def __init__(self, image: Tensor) -> None:
        self.shape = image.shape
        height, width = image.shape[-2:]
        down = torch.fft.fftfreq(height, device=image.device)[:, None]
        across = torch.fft.rfftfreq(width, device=image.device)[None]
        frequency = (down.square() + across.square()).sqrt().clamp_min(1.0 / max(height, width))
        self._amplitude = (2.0 * frequency).pow(-TILT)

    def pixels(self, x: Tensor) -> Tensor:
        """Return the pixels of coordinates, and the gradient by coordinates of one by pixels."""
        return self._scaled(x, self._amplitude)

    def coordinates(self, x: Tensor) -> Tensor:
        """Return the coordinates of pixels."""
        return self._scaled(x, 1.0 / self._amplitude)

    def _scaled(self, x: Tensor, amplitude: Tensor) -> Tensor:
        waves = torch.fft.rfft2(x.view(self.shape)) * amplitude
        found: Tensor = torch.fft.irfft2(waves, s=self.shape[-2:])
        return found.flatten()


class Lbfgs:
    """L-BFGS in spectral coordinates, with steps that are taken back when they made it worse.

    There is no line search, which would have to wait for values. A step that raised the loss isn't
    taken, but what it says of the curvature is remembered, and the next one is half as long.
    """

    def __init__(self, image: Tensor, history: int = HISTORY) -> None:
        self._history = history
        self._spectrum = Spectrum(image)
        size, device = image.numel(), image.device
        exact = torch.float32 if device.type == "mps" else torch.float64
        self._x = image.detach().flatten().clone()
        self._trial = self._x.clone()
        self._gradient = torch.zeros_like(self._x)  # by coordinates
        self._losses: Tensor | None = None
        # Steps and changes of gradient, and the products of all with all.
        self._pairs = torch.zeros(2, history, size, device=device, dtype=image.dtype)
        self._products = torch.zeros(2, history, 2, history, device=device, dtype=exact)
        self._slot = 0
        self._scale = torch.ones((), device=device, dtype=exact)
        self._length = torch.ones((), device=device, dtype=image.dtype)

    @property
    def trial(self) -> Tensor:
        """The picture to be evaluated next."""
        return self._trial.view(self._spectrum.shape)

    @property
    def best(self) -> Tensor:
        """The picture with the least loss so far."""
        return self._x.view(self._spectrum.shape)

    def tell(self, losses: Tensor, gradient: Tensor) -> Tensor:
        """Judge the trial, and propose the next."""
        new = self._spectrum.pixels(gradient)
        if self._losses is None:
            self._losses, self._gradient = losses.clone(), new
            first = FIRST_STEP / _rms(self._spectrum.pixels(new))
            self._scale = first.to(self._scale.dtype)
        else:
            step = self._spectrum.coordinates(self._trial - self._x)
            self._remember(step, new - self._gradient)
            better = losses[-1] < self._losses[-1]
            self._losses = torch.where(better, losses, self._losses)
            self._x = torch.where(better, self._trial, self._x)
            self._gradient = torch.where(better, new, self._gradient)
            self._length = torch.where(better, torch.ones_like(self._length), self._length / 2)
        move = self._spectrum.pixels(self._direction()) * self._length
        move *= (LONGEST_STEP / _rms(move)).clamp_max(1.0)
        self._trial = (self._x + move).clamp_(0.0, 1.0)
        return self._losses

    def _remember(self, step: Tensor, change: Tensor) -> None:
        """Store a pair in the oldest one's slot, or nothing there if it bends the wrong way."""
        slot, self._slot = self._slot, (self._slot + 1) % self._history
        pair = torch.stack((step, change))
        products = pair @ pair.t()
        lengths = products.diagonal().sqrt()
        # Not so either if anything isn't finite.
        bends = products[0, 1] > CURVATURE * lengths.prod()
        self._pairs[:, slot] = torch.where(bends, pair, 0.0)
        found = (self._pairs @ self._pairs[:, slot].t()).to(self._products.dtype)  # (2, m, 2)
        self._products[..., slot] = found
        self._products[:, slot] = found.permute(2, 0, 1)
        # The mean of the two usual estimates; the shorter, s^T y / y^T y, is often too short here.
        ratio = (lengths[0] / lengths[1]).to(self._scale.dtype)
        self._scale = torch.where(bends, ratio, self._scale)

    def _direction(self) -> Tensor:
        """Return minus the estimated inverse Hessian times the gradient (2, eq. 3.1)."""
        order = torch.arange(self._history, device=self._x.device).roll(-self._slot)
        exact = self._products.dtype
        products = self._products[:, order][..., order]
        steps, changes = (self._pairs @ self._gradient).to(exact)[:, order, None]  # (m, 1) each
        upper = products[0, :, 1].triu()  # s_i^T y_j for i <= j
        bends = upper.diagonal()
        # An empty slot is zero all over; a one on the diagonal leaves it without effect.
        upper = upper + torch.diag((bends == 0).to(exact))
        first = torch.linalg.solve_triangular(upper, steps, upper=True)
        middle = bends[:, None] * first + self._scale * (products[1, :, 1] @ first - changes)
        second = torch.linalg.solve_triangular(upper.t(), middle, upper=False)
        weights = torch.zeros_like(products[0, 0])
        weights[:, order] = torch.cat((second, -self._scale * first), dim=1).t()
        combined = weights.to(self._x.dtype).flatten() @ self._pairs.flatten(0, 1)
        return -(self._scale.to(self._x.dtype) * self._gradient + combined)


class Adam:
    """Adam, and the exponential mean of its iterates as the result."""

    def __init__(self, image: Tensor, before: "Adam | None" = None, *, margin: int = 0) -> None:
        self._x = image.detach().clone()
        self._mean = torch.zeros_like(self._x)
        self._first = torch.zeros_like(self._x)
        self._second = torch.zeros_like(self._x)
        self._steps = 0
        self._averaged = 0
        if before is not None:
            self._take_over(before, margin)

    @property
    def trial(self) -> Tensor:
        """The picture to be evaluated next."""
        return self._x

    @property
    def best(self) -> Tensor:
        """The mean of the iterates, unbiased."""
        if not self._averaged:
            return self._x
        return self._mean / (1.0 - DECAY**self._averaged)

    def tell(self, losses: Tensor, gradient: Tensor) -> Tensor:
        """Take one step."""
        self._steps += 1
        self._first.lerp_(gradient, 1.0 - BETAS[0])
        self._second.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1.0 - BETAS[1])
        first = self._first / (1.0 - BETAS[0] ** self._steps)
        spread = (self._second / (1.0 - BETAS[1] ** self._steps)).sqrt_().add_(EPSILON)
        self._x = self._x.addcdiv(first, spread, value=-LEARNING_RATE).clamp_(0.0, 1.0)
        self._averaged += 1
        self._mean.lerp_(self._x, 1.0 - DECAY)
        return losses

    def _take_over(self, before: "Adam", margin: int) -> None:
        """Carry the moments over from a coarser scale; both pictures have a margin.

        Losses are means over the picture, so that a pixel's gradient shrinks as their number grows.
        """
        shrunk = before._x[0].numel() / self._x[0].numel()
        self._first = self._carried(before._first, margin, "bicubic") * shrunk
        spread = self._carried(before._second, margin, "bilinear")
        self._second = spread.clamp_min_(0.0) * shrunk**2
        self._steps = before._steps

    def _carried(self, moments: Tensor, margin: int, mode: str) -> Tensor:
        height, width = (side - 2 * margin for side in self._x.shape[-2:])
        old_height, old_width = moments.shape[-2:]
        inner = moments[..., margin : old_height - margin, margin : old_width - margin]
        inner = F.interpolate(inner, (height, width), mode=mode, align_corners=False)
        return F.pad(inner, (margin,) * 4, mode="replicate")


def _rms(x: Tensor) -> Tensor:
    """Return the root mean square, never 0."""
    return x.square().mean().sqrt().clamp_min(1e-30)
