"""Grows the patterns of Gray and Scott's reaction, as Pearson (1993) found them.

Two substances U and V lie on a torus. V eats U and makes more V of it (U + 2V -> 3V); U is fed, V
is taken away, and U spreads twice as fast as V.
"""

import io
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from examples.turing import Pattern, TuringRequest
from genart_core.artwork import Artwork, Output, Run, Workbench

Array: TypeAlias = NDArray[np.float32]

FEED_AND_KILL: dict[Pattern, tuple[float, float]] = {
    "spots": (0.030, 0.063),
    "maze": (0.040, 0.060),
    "coral": (0.0545, 0.062),
}
SPREAD_U, SPREAD_V = 0.16, 0.08
DROPS = 24  # places where it begins
INK, PAPER = (23, 42, 70), (244, 234, 214)
LOOK = 50  # steps between two looks at whether the job is still wanted


def generate(runs: Sequence[Run], workbench: Workbench) -> None:
    """Grow the pattern of each run, showing it on the way."""
    for run in runs:
        if (v := grown(run)) is None:
            continue  # canceled or late; nothing is to be said
        output = Output(encoded(v, "PNG"), "image/png", *reversed(v.shape))
        run.finish(Artwork((output,), {"covered": round(float((v > 0.2).mean()), 4)}))


def grown(run: Run) -> Array | None:
    """Return V `(size, size)` after all steps, None if the run was stopped."""
    request: TuringRequest = run.request
    u, v = sown(request)
    feed, kill = FEED_AND_KILL[request.pattern]
    for step in range(1, request.steps + 1):
        eaten = u * v * v
        u += SPREAD_U * spreading(u) - eaten + feed * (1 - u)
        v += SPREAD_V * spreading(v) + eaten - (feed + kill) * v
        if step % LOOK == 0:
            if run.stopped:
                return None
            run.progress(step, request.steps)
            if run.wants_preview:
                size = {"width": request.size, "height": request.size}
                run.preview(encoded(v, "JPEG"), "image/jpeg", **size)
    return v


def sown(request: TuringRequest) -> tuple[Array, Array]:
    """Return U, all there is, and V, some drops of it where the seed says."""
    dice = np.random.default_rng(request.seed)
    size = request.size
    u, v = np.ones((size, size), np.float32), np.zeros((size, size), np.float32)
    for x, y in dice.integers(0, size - 6, (DROPS, 2)):
        u[y : y + 6, x : x + 6], v[y : y + 6, x : x + 6] = 0.5, 0.25
    return u, v


def spreading(field: Array) -> Array:
    """Return what each place gains from its four neighbours on the torus."""
    gain: Array = -4 * field
    for axis in (0, 1):
        gain += np.roll(field, 1, axis) + np.roll(field, -1, axis)
    return gain


def encoded(v: Array, name: str) -> bytes:
    """Return V as a picture's file: ink on paper."""
    share = np.clip(v / 0.35, 0, 1)[..., None]
    pixels = share * np.array(INK) + (1 - share) * np.array(PAPER)
    file = io.BytesIO()
    Image.fromarray(pixels.round().astype(np.uint8)).save(file, name)
    return file.getvalue()
