"""Style transfer on a CUDA device: as on the CPU, recorded as launched, and never waited for."""

import time
from collections.abc import Callable
from functools import cache

import torch
from torch import Tensor

from benchmarks.style import WEIGHTS, layers, ours, painting, picture
from genart_core.arts.style.losses import evaluate
from genart_core.arts.style.memory import MARGIN, SMALLEST_TILE, Needs
from genart_core.arts.style.optimise import Adam, Lbfgs
from genart_core.arts.style.pyramid import Manner, Painter, Sitters
from genart_core.arts.style.targets import make_goal
from genart_core.arts.style.tiles import Tiled
from genart_core.nn.features import Extractor
from genart_core.nn.graph import Recorder

DEVICE = "cuda:0"
SIZE = 128
STEPS = 20


@cache
def extractor(device: str, dtype: torch.dtype | None = None) -> Extractor:
    """Return VGG-19 with random weights, as a job cuts it."""
    return ours(device).cut(layers().names, dtype=dtype)


def painted(
    device: str,
    *,
    steps: int = STEPS,
    size: int = SIZE,
    available: int | None = None,
    is_able: bool = True,
) -> tuple[Tensor, Tensor, Recorder]:
    """Return a picture made in float32, its last losses and what recorded its steps."""
    recorder = Recorder(device)
    recorder.is_able = recorder.is_able and is_able
    manner = Manner(layers(), WEIGHTS, (size,), steps)
    painter = Painter(extractor(device, torch.float32), manner, recorder, available)
    sitters = Sitters(picture(size).to(device), [painting(size).to(device)])
    image = painter.paint(sitters, torch.Generator().manual_seed(1))
    return image.cpu(), painter.curves[-1].cpu(), recorder


def check_style_is_that_of_the_cpu() -> str:
    """Compare losses after a few steps; TF32 is left off, as torch leaves it for matrices."""
    (image, losses, _), (expected, wanted, _) = (painted(d, steps=6) for d in (DEVICE, "cpu"))
    torch.testing.assert_close(losses, wanted, rtol=0.05, atol=1e-4)
    distance = float((image - expected).abs().mean())
    assert distance < 2 / 255, f"{distance * 255:.2f} of 255"
    return f"{distance * 255:.3f} of 255 apart"


def check_recorded_steps_of_style_are_the_launched_ones() -> str:
    """Compare pictures, and see that steps were recorded at all."""
    (image, _, recorder), (expected, _, _) = (
        painted(DEVICE, is_able=able) for able in (True, False)
    )
    assert recorder.is_able, "recording failed"
    distance = float((image - expected).abs().mean())
    assert distance < 1 / 255, f"{distance * 255:.2f} of 255"
    return f"{distance * 255:.3f} of 255 apart"


def check_tiles_of_style_are_one_piece() -> str:
    """Compare the gradient of a large picture in tiles with that in one piece."""
    size, network = 640, extractor(DEVICE, torch.float32)
    halo = Needs.of(layers(), lbfgs=True, field=network.receptive_field).halo
    image = picture(size, seed=5).to(DEVICE)
    found = []
    for eyes in (Tiled(network, SMALLEST_TILE, halo), Tiled(network, size, 0)):
        goal = make_goal(
            lambda seen, eyes=eyes: eyes,  # type: ignore[misc]  # bound early
            layers(),
            WEIGHTS,
            content=picture(size).to(DEVICE),
            styles=[painting(size).to(DEVICE)],
            masks=None,
        )
        found.append(eyes.evaluate(goal, image))
    (losses, gradient), (expected, slope) = found
    torch.testing.assert_close(losses, expected, rtol=1e-3, atol=1e-6)
    error = float((gradient - slope).norm() / slope.norm())
    assert error < 1e-2, f"relative error {error:.2e}"
    return f"relative error {error:.1e}"


def check_a_step_of_style_waits_for_nothing() -> str:
    """Let torch raise an error for whatever waits for the device."""
    network = extractor(DEVICE)
    content = picture(SIZE).to(DEVICE)
    goal = make_goal(
        lambda seen: Tiled(network, SIZE, 0),
        layers(),
        WEIGHTS,
        content=content,
        styles=[painting(SIZE).to(DEVICE)],
        masks=None,
    )
    for optimiser in (Lbfgs(content), Adam(content)):
        optimiser.tell(*evaluate(network, goal, optimiser.trial))
        torch.cuda.set_sync_debug_mode("error")
        try:
            for _ in range(12):
                optimiser.tell(*evaluate(network, goal, optimiser.trial))
        finally:
            torch.cuda.set_sync_debug_mode("default")
    return "L-BFGS and Adam"


def check_memory_of_style_is_within_its_promise() -> str:
    """Compare the peak of a few steps at 1024 pixels with what was promised, whole and tiled."""
    size, network = 1024, extractor(DEVICE, torch.float32)
    needs = Needs.of(
        layers(),
        lbfgs=True,
        per_tile_pixel=network.bytes_per_pixel,
        field=network.receptive_field,
    )
    said = []
    for promised in (needs.whole((size + 2 * MARGIN) ** 2), needs.least(size)):
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        painted(DEVICE, steps=3, size=size, available=promised, is_able=False)
        peak = torch.cuda.max_memory_allocated()
        assert peak <= promised, f"{peak / 1e9:.2f} GB of {promised / 1e9:.2f}"
        said.append(f"{peak / 1e9:.2f} of {promised / 1e9:.2f} GB")
    return ", ".join(said)


def check_speed_of_a_step_of_style() -> str:
    """Measure, and tell; there is no bar."""
    said = []
    for size in (256, 512, 1024):
        seconds = {}
        for is_able in (False, True):
            recorder = Recorder(DEVICE)
            recorder.is_able = is_able
            seconds[is_able] = _seconds_per_step(size, recorder)
        said.append(
            f"{size} px: {seconds[True] * 1e3:.1f} ms recorded, {seconds[False] * 1e3:.1f} launched"
        )
    return "; ".join(said)


def _seconds_per_step(size: int, recorder: Recorder, steps: int = 60) -> float:
    begins: list[float] = []

    def watch(step: int, total: int, seen: Callable[[], Tensor]) -> None:
        if step == 10:  # set up and, if so, recorded
            torch.cuda.synchronize()
            begins.append(time.perf_counter())

    manner = Manner(layers(), WEIGHTS, (size,), steps)
    painter = Painter(extractor(DEVICE), manner, recorder, watch=watch)
    sitters = Sitters(picture(size).to(DEVICE), [painting(size).to(DEVICE)])
    painter.paint(sitters, torch.Generator())
    torch.cuda.synchronize()
    return (time.perf_counter() - begins[0]) / (steps - 10)


CHECKS: list[Callable[[], str]] = [
    check_style_is_that_of_the_cpu,
    check_recorded_steps_of_style_are_the_launched_ones,
    check_tiles_of_style_are_one_piece,
    check_a_step_of_style_waits_for_nothing,
    check_memory_of_style_is_within_its_promise,
    check_speed_of_a_step_of_style,
]
