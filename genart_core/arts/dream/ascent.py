"""Gradient ascent on a picture, octave by octave.

1. Mordvintsev, Olah, Tyka, Inceptionism, 2015, and their notebook `dream.ipynb`.
2. Chollet, Deep learning with Python, 2017, 8.2 (the lost detail, the maximal loss).

Differs from 1: colours are decorrelated (Olah et al. 2017), since plain steps end in neon; the
picture stays within [0, 1] at each step.
"""

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from genart_core.arts.dream.gradients import (
    NORMALISATIONS,
    Network,
    Tiling,
    correlated,
    tiled_gradient,
    whole_gradient,
)
from genart_core.arts.dream.losses import Objective
from genart_core.arts.dream.request import DreamRequest
from genart_core.nn.graph import Recorder
from genart_core.nn.image import resize

LAG = 2  # steps that a CUDA device may be ahead of what is known here
# Recording takes as long as five steps or so; a shorter octave is as quick without.
WORTH_RECORDING = 12


class Watch(Protocol):
    """Who looks on."""

    def before_work(self) -> None:
        """Called before each step and each tile; may raise to stop."""

    def after_step(self, step: int, total: int, picture: Callable[[], Tensor]) -> None:
        """Called after each step; `picture` gives how it looks, (1, 3, h, w)."""


class Ascent:
    """Steps uphill for one request."""

    def __init__(
        self,
        network: Network,
        objective: Objective,
        request: DreamRequest,
        *,
        tiling: Tiling,
        recorder: Recorder,
        watch: Watch,
    ) -> None:
        self.network = network
        self.objective = objective
        self.request = request
        self.tiling = tiling
        self.recorder = recorder
        self.watch = watch
        self.generator = torch.Generator().manual_seed(request.seed or 0)

    def dream(self, original: Tensor) -> tuple[Tensor, list[float]]:
        """Return the dream on a picture (1, 3, H, W) in [0, 1], and the loss before each step.

        Detail that a small octave can't hold is put back from the original at the next: in full,
        the sum is the original plus what was dreamt, enlarged.
        """
        request, losses = self.request, list[float]()
        least = max(2 * self.network.stride, self.network.smallest)
        sizes = octave_sizes(original.shape[-2:], request, least=least)
        base = resize(original, *sizes[0])
        image = base.clamp(0.0, 1.0)
        for octave, size in enumerate(sizes):
            if octave > 0:
                lower, base = base, resize(original, *size)
                image = self._enlarged(image, lower, base)
                del lower  # a large picture's octaves are large too
            image, found = self._octave(image, octave, len(sizes))
            losses += found
        return image, losses

    def _enlarged(self, image: Tensor, lower: Tensor, base: Tensor) -> Tensor:
        """Return an octave's result at the next size, with the detail that `base` has there."""
        height, width = base.shape[-2:]
        lost = torch.sub(base, resize(lower, height, width))
        larger = resize(image, height, width).add_(lost, alpha=self.request.detail)
        return larger.clamp_(0.0, 1.0)

    def _octave(self, image: Tensor, octave: int, octaves: int) -> tuple[Tensor, list[float]]:
        request, meter = self.request, Meter()
        total, shift = octaves * request.iterations, (0, 0)
        climb = self._prepared(image)
        for iteration in range(request.iterations):
            self.watch.before_work()
            drawn = self._shift()
            image.copy_(_rolled(image, (drawn[0] - shift[0], drawn[1] - shift[1])))
            shift = drawn
            meter.note(climb())
            is_over = meter.exceeds(request.max_loss)
            step = request.iterations if is_over else iteration + 1
            so_far = partial(_rolled, image, (-shift[0], -shift[1]))
            self.watch.after_step(octave * request.iterations + step, total, so_far)
            if is_over:
                break
        return so_far(), meter.until(request.max_loss)

    def _prepared(self, image: Tensor) -> Callable[[], Tensor]:
        """Return an octave's step, which changes the image."""

        def climb() -> Tensor:
            return self.climb(image)

        if self.tiling.holds(image) and self.request.iterations >= WORTH_RECORDING:
            return self.recorder.recorded(climb, [image])
        return climb

    def climb(self, image: Tensor) -> Tensor:
        """Take one step, in place; return the loss before it.

        A loss beyond the maximal one moves nothing: the host may learn of it a step too late.
        """
        request = self.request
        loss, gradient = self._gradient(image)
        step = NORMALISATIONS[request.gradient_normalization](
            correlated(gradient, request.decorrelate)
        )
        if request.max_loss is not None:
            step.mul_(loss <= request.max_loss)
        image.add_(step, alpha=request.step_size).clamp_(0.0, 1.0)
        return loss

    def _gradient(self, image: Tensor) -> tuple[Tensor, Tensor]:
        if self.tiling.holds(image):
            return whole_gradient(image, self.network, self.objective)
        return tiled_gradient(
            image,
            self.network,
            self.objective,
            tiling=self.tiling,
            offsets=(self.tiling.offset(self.generator), self.tiling.offset(self.generator)),
            before_tile=self.watch.before_work,
        )

    def _shift(self) -> tuple[int, int]:
        jitter = self.request.jitter
        drawn = torch.randint(-jitter, jitter + 1, (2,), generator=self.generator)
        return int(drawn[0]), int(drawn[1])


class Meter:
    """Losses, read from the device without holding it up: on CUDA up to `LAG` steps late."""

    def __init__(self) -> None:
        self._known: list[float] = []
        self._pending: deque[tuple[Tensor, torch.cuda.Event]] = deque()

    def note(self, loss: Tensor) -> None:
        """Take a step's loss, a scalar."""
        if not loss.is_cuda:
            self._known.append(float(loss))
            return
        copy = torch.empty((), pin_memory=True).copy_(loss, non_blocking=True)
        event = torch.cuda.Event()  # type: ignore[no-untyped-call]
        event.record()
        self._pending.append((copy, event))
        self._read(LAG)

    def exceeds(self, limit: float | None) -> bool:
        """Whether a loss that is known by now exceeds the limit."""
        return limit is not None and any(loss > limit for loss in self._known[-LAG - 1 :])

    def until(self, limit: float | None) -> list[float]:
        """Wait for all losses; return them up to the first that exceeds the limit, inclusive."""
        self._read(0)
        ends = (i for i, loss in enumerate(self._known, 1) if limit is not None and loss > limit)
        return self._known[: next(ends, len(self._known))]

    def _read(self, left: int) -> None:
        while len(self._pending) > left:
            copy, event = self._pending.popleft()
            event.synchronize()
            self._known.append(float(copy))


def octave_sizes(
    size: Sequence[int], request: DreamRequest, *, least: int
) -> list[tuple[int, int]]:
    """Return (height, width) of the octaves, the smallest first.

    Those that are shorter than `least` are left out, since the network would see little but edges
    there; the last stays.
    """
    scales = (request.octave_scale**-i for i in range(request.octaves))
    sizes = [(max(1, round(size[0] * s)), max(1, round(size[1] * s))) for s in scales]
    return [each for i, each in enumerate(sizes) if i == 0 or min(each) >= least][::-1]


def noise(size: int, generator: torch.Generator) -> Tensor:
    """Return what a dream without a picture starts from, (1, 3, size, size): grey, faintly clouded.

    All scales are as strong, as in photographs (Field 1987), so that every octave finds something.
    """
    image = torch.full((1, 3, size, size), 0.5)
    side = size
    while side >= 4:
        grain = torch.randn(1, 3, side, side, generator=generator)
        image.add_(resize(grain, size, size), alpha=0.04)
        side //= 2
    return image.clamp_(0.0, 1.0)


def _rolled(image: Tensor, shift: tuple[int, int]) -> Tensor:
    return torch.roll(image, shift, (2, 3))
