"""A picture from coarse to fine: one optimisation at each scale, each begun from the one before."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from genart_core.arts.style.layers import Layers
from genart_core.arts.style.losses import Goal, evaluate
from genart_core.arts.style.memory import MARGIN, Needs
from genart_core.arts.style.optimise import Adam, Lbfgs, Optimiser
from genart_core.arts.style.targets import Weights, apart, make_goal
from genart_core.arts.style.tiles import StoppedError, Tiled
from genart_core.nn.graph import Recorder
from genart_core.nn.image import coral, fit, resize

# Recording takes as long as some steps, and larger pictures are bound by computing anyway.
MIN_RECORDED = 16
MAX_RECORDED_PIXELS = 1024 * 1024
GREY = 0.5
SPREAD = 0.2  # standard deviation of a start from noise, in units of white

Watch = Callable[[int, int, Callable[[], Tensor]], None]


@dataclass(frozen=True)
class Sitters:
    """What is painted from: content `(1, 3, H, W)`, styles, and masks `(styles, H, W)`.

    All at their largest size; each scale sees them smaller.
    """

    content: Tensor
    styles: Sequence[Tensor]
    masks: Tensor | None = None


@dataclass(frozen=True)
class Manner:
    """How it is painted. `sizes` are the longest sides from coarse to fine, in pixels."""

    layers: Layers
    weights: Weights
    sizes: Sequence[int]
    iterations: int
    optimizer: Literal["lbfgs", "adam"] = "lbfgs"
    init: Literal["content", "style", "noise"] = "content"
    style_scale: float = 1.0
    matches_colors: bool = False


@dataclass
class Painter:
    """Paints one picture on one device; `available` is the memory in bytes, None if unknown.

    `pictures` is the area of all styles and masks in units of the result's.
    """

    network: Any
    manner: Manner
    recorder: Recorder
    available: int | None = None
    pictures: float = 1.0
    stopped: Callable[[], bool] = lambda: False
    watch: Watch = lambda step, total, picture: None
    curves: list[Tensor] = field(default_factory=list)

    def paint(self, sitters: Sitters, generator: torch.Generator) -> Tensor:
        """Return the painted picture `(1, 3, H, W)` in [0, 1].

        Raises:
            StoppedError: within a step of the run being stopped.
        """
        coarsest, *finer = self.manner.sizes
        seen = self._at(sitters, coarsest)
        optimiser = self._optimiser(self._first(seen, generator), None)
        self._optimise(optimiser, seen)
        for size in finer:
            seen = self._at(sitters, size)
            height, width = (side - 2 * MARGIN for side in seen.content.shape[-2:])
            image = _widened(resize(_narrowed(optimiser.best), height, width).clamp(0.0, 1.0))
            optimiser = self._optimiser(image, optimiser)
            self._optimise(optimiser, seen)
        return _narrowed(optimiser.best)

    @property
    def steps(self) -> int:
        """Evaluations at all scales together."""
        return self.manner.iterations * len(self.manner.sizes)

    def _at(self, sitters: Sitters, size: int) -> Sitters:
        """Return the sitters as they are seen at one scale, all with a margin."""
        content = _resized(sitters.content, size)
        height, width = content.shape[-2:]
        styles = [
            _resized(s, max(1, round(size * self.manner.style_scale))) for s in sitters.styles
        ]
        least = max(self.network.stride, self.network.smallest)
        styles = [resize(s, *(max(least, n) for n in s.shape[-2:])).clamp(0, 1) for s in styles]
        if self.manner.matches_colors:
            styles = [coral(s, content).clamp(0.0, 1.0) for s in styles]
        masks = sitters.masks
        if masks is not None:
            masks = apart(resize(masks[None], height, width)[0].clamp(0.0, 1.0))
            masks = _widened(masks)
        return Sitters(_widened(content), [_widened(style) for style in styles], masks)

    def _first(self, seen: Sitters, generator: torch.Generator) -> Tensor:
        content = seen.content
        if self.manner.init == "content":
            return content.clone()
        if self.manner.init == "style":
            return resize(seen.styles[0], *content.shape[-2:]).clamp(0.0, 1.0)
        drawn = torch.randn(content.shape, generator=generator).to(content.device)
        return (GREY + SPREAD * drawn).clamp_(0.0, 1.0)

    def _optimiser(self, image: Tensor, before: Optimiser | None) -> Optimiser:
        if self.manner.optimizer == "lbfgs":
            return Lbfgs(image)
        return Adam(image, before if isinstance(before, Adam) else None, margin=MARGIN)

    def _optimise(self, optimiser: Optimiser, seen: Sitters) -> None:
        """Take all steps of one scale."""
        goal = make_goal(
            self._tiled,
            self.manner.layers,
            self.manner.weights,
            content=seen.content,
            styles=seen.styles,
            masks=seen.masks,
        )
        step = self._step(goal, optimiser.trial)
        for _ in range(self.manner.iterations):
            if self.stopped():
                raise StoppedError
            losses, gradient = step(optimiser.trial)
            self.curves.append(optimiser.tell(losses, gradient).clone())
            self.watch(len(self.curves), self.steps, lambda: _narrowed(optimiser.best))

    def _needs(self) -> Needs:
        # Without padding places lie to the left of what they see, by half of what is lost.
        shift = max(0, self.network.smallest - self.network.stride)
        return Needs.of(
            self.manner.layers,
            lbfgs=self.manner.optimizer == "lbfgs",
            pictures=self.pictures,
            per_tile_pixel=self.network.bytes_per_pixel,
            field=self.network.receptive_field + shift,
        )

    def _tile(self, image: Tensor) -> int | None:
        """Return the side of the tiles that an image has to be seen in, None for one piece."""
        pixels = image.shape[-2] * image.shape[-1]
        return None if self.available is None else self._needs().tile_for(pixels, self.available)

    def _tiled(self, image: Tensor) -> Tiled:
        tile = self._tile(image)
        if tile is None:
            stride = self.network.stride
            tile = -(-max(image.shape[-2:]) // stride) * stride
        return Tiled(self.network, tile, self._needs().halo, self.stopped)

    def _step(self, goal: Goal, like: Tensor) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
        """Return what evaluates a picture: in one piece, recorded if that pays, or in tiles."""
        if self._tile(like) is not None:
            tiled = self._tiled(like)
            return lambda image: tiled.evaluate(goal, image)
        pixels = like.shape[-2] * like.shape[-1]
        if self.manner.iterations < MIN_RECORDED or pixels > MAX_RECORDED_PIXELS:
            return lambda image: evaluate(self.network, goal, image)
        canvas = like.clone()

        def packed() -> Tensor:
            losses, gradient = evaluate(self.network, goal, canvas)
            return torch.cat((losses, gradient.flatten()))

        replay = self.recorder.recorded(packed, [])

        def step(image: Tensor) -> tuple[Tensor, Tensor]:
            canvas.copy_(image)
            found = replay()
            return found[:4], found[4:].view(canvas.shape)

        return step


def _widened(x: Tensor) -> Tensor:
    """Return pictures or masks with a margin, in which they are mirrored."""
    mode = "reflect" if min(x.shape[-2:]) > MARGIN else "replicate"
    if x.dim() == 3:
        return _widened(x[None])[0]
    return F.pad(x, (MARGIN,) * 4, mode=mode)


def _narrowed(x: Tensor) -> Tensor:
    """Return pictures without their margin."""
    return x[..., MARGIN:-MARGIN, MARGIN:-MARGIN]


def _resized(image: Tensor, size: int, least: int = 1) -> Tensor:
    """Return an image whose longest side is `size`, and whose sides are at least `least`."""
    height, width = fit(image.shape[-2], image.shape[-1], size)
    return resize(image, max(least, height), max(least, width)).clamp(0.0, 1.0)
