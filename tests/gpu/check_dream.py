"""Dreams on a CUDA device: as on the CPU, recorded as launched one by one, and how quick."""

import time
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from genart_core.arts.dream.ascent import Ascent
from genart_core.arts.dream.gradients import Tiling
from genart_core.arts.dream.losses import Objective
from genart_core.arts.dream.request import DreamRequest
from genart_core.nn.backbone import MEAN, STD, Backbone, Config
from genart_core.nn.features import Network, Stages
from genart_core.nn.graph import Recorder

DEVICE = "cuda:0"
LAYER = "relu5_1"
SIZE = 256


class Nobody:
    """Who doesn't look."""

    def before_work(self) -> None:
        """Go on."""

    def after_step(self, step: int, total: int, picture: Callable[[], Tensor]) -> None:
        """Tell nobody."""


@cache
def backbone() -> Backbone:
    """Return the network that ships, with random weights."""
    return Backbone(Config(), torch.Generator().manual_seed(1)).requires_grad_(False).eval()


@cache
def network(device: str) -> Network:
    """Return it as the arts use it."""
    return Network(Stages(dict(backbone().stages.items()), MEAN, STD), device=device)


def picture(size: int) -> Tensor:
    """Return a picture (1, 3, size, size)."""
    return torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(1))


def dreamt(
    device: str, *, is_able: bool = True, window: int = 1024, **fields: object
) -> tuple[Tensor, list[float], Recorder]:
    """Return a dream in float32 on the CPU's memory, its losses and what recorded it."""
    extractor = network(device).cut([LAYER], dtype=torch.float32)
    given = {"seed": 3, "octaves": 2, "iterations": 16, "step_size": 0.005, **fields}
    recorder = Recorder(device)
    recorder.is_able = recorder.is_able and is_able
    ascent = Ascent(
        extractor,
        Objective({LAYER: 1.0}),
        DreamRequest.model_validate(given),
        tiling=Tiling.of(extractor, window),
        recorder=recorder,
        watch=Nobody(),
    )
    image, losses = ascent.dream(picture(SIZE).to(device))
    return image.cpu(), losses, recorder


def check_a_dream_is_that_of_the_cpu() -> str:
    """Compare one step, before small differences grow."""
    there, losses, _ = dreamt(DEVICE, octaves=1, iterations=1)
    here, wanted, _ = dreamt("cpu", octaves=1, iterations=1)
    difference = float((there - here).abs().mean())
    assert difference < 1 / 255, difference
    assert abs(losses[0] / wanted[0] - 1) < 1e-2, (losses, wanted)
    return f"mean difference {difference * 255:.3f} of 255 levels after one step"


def check_recorded_steps_are_the_launched_ones() -> str:
    """Compare whole dreams, and see that steps were recorded at all."""
    able, losses, recorder = dreamt(DEVICE)
    eager, wanted, _ = dreamt(DEVICE, is_able=False)
    assert recorder.is_able, "recording failed"
    difference = float((able - eager).abs().mean())
    assert difference < 2 / 255, difference
    assert len(losses) == len(wanted) == 32
    return f"mean difference {difference * 255:.3f} of 255 levels after 32 steps"


def check_every_normalisation_is_recorded() -> str:
    """See that none of them needs the host."""
    for name in ("mean-abs", "std", "laplacian"):
        _, losses, recorder = dreamt(DEVICE, gradient_normalization=name)
        assert recorder.is_able, name
        assert losses[-1] > losses[16], name
    return "mean-abs, std, laplacian"


def check_the_maximal_loss_is_seen_in_time() -> str:
    """Compare where a dream ends with where it would."""
    _, losses, _ = dreamt(DEVICE, octaves=1)
    limit = (losses[7] + losses[8]) / 2
    _, found, _ = dreamt(DEVICE, octaves=1, max_loss=limit)
    assert len(found) <= 10, found
    assert found[-1] > limit
    return f"ended after {len(found)} steps"


def check_tiles_are_the_whole() -> str:
    """Compare one step with windows of half the picture."""
    whole, _, _ = dreamt(DEVICE, octaves=1, iterations=1)
    tiles, _, _ = dreamt(DEVICE, octaves=1, iterations=1, window=192)
    difference = float((tiles - whole).abs().mean())
    assert difference < 1 / 255, difference
    return f"mean difference {difference * 255:.3f} of 255 levels after one step"


def check_speed_of_a_step() -> str:
    """Measure beside the bare network, and tell; there is no bar."""
    size, steps = 512, 100
    extractor = network(DEVICE).cut([LAYER])
    ascent = Ascent(
        extractor,
        Objective({LAYER: 1.0}),
        DreamRequest(octaves=1, iterations=steps, size=size, seed=1),
        tiling=Tiling.of(extractor, 1024),
        recorder=Recorder(DEVICE),
        watch=Nobody(),
    )
    plain = backbone().to(DEVICE)
    original = picture(size).to(DEVICE)
    x = original.clone().requires_grad_()

    def bare() -> None:
        for _ in range(steps):
            torch.autograd.grad(plain(x)[LAYER].square().mean(), x)

    ours, theirs = _seconds(lambda: ascent.dream(original)), _seconds(bare)
    return (
        f"{ours / steps * 1e3:.2f} ms in {extractor.dtype}, "
        f"bare {theirs / steps * 1e3:.2f} ms in float32, ratio {ours / theirs:.2f}"
    )


def _seconds(work: Callable[[], object]) -> float:
    """Return how long the second run takes, with all that it launched."""
    work()
    torch.cuda.synchronize()
    begin = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - begin


CHECKS: list[Callable[[], str]] = [
    check_a_dream_is_that_of_the_cpu,
    check_recorded_steps_are_the_launched_ones,
    check_every_normalisation_is_recorded,
    check_the_maximal_loss_is_seen_in_time,
    check_tiles_are_the_whole,
    check_speed_of_a_step,
]
