"""Dreams of pictures: what a job asks for, made with the models and the memory of a worker.

1. Mordvintsev, Olah, Tyka, Inceptionism: going deeper into neural networks, 2015.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from genart_core.arts.dream.ascent import Ascent, noise
from genart_core.arts.dream.gradients import Tiling
from genart_core.arts.dream.losses import LOGITS, Objective
from genart_core.arts.dream.request import (
    PICTURE_BYTES,
    SMALLEST_WINDOW,
    DreamRequest,
    check,
    find_class,
)
from genart_core.artwork import Artwork, Run, Workbench
from genart_core.errors import ArtError, RefusedError
from genart_core.nn.device import free_memory
from genart_core.nn.features import Extractor, Network, load_network
from genart_core.nn.graph import Recorder
from genart_core.nn.image import Picture, decode, encode, fit, resize, with_luma_of

# One window takes no more than this, though more be free: larger ones are no faster, and the same
# request is cut alike on every machine that has as much.
WINDOW_BYTES = 2 * 1024**3
GUIDE_SIZE = 512  # longest side; what matters of a guide are its features, not its pixels
PREVIEW_SIZE = 512
PREVIEW_STEPS = 5
MAX_INPUT_PIXELS = 2**28  # submitted pictures were counted before; this bounds other ways in


class Stopped(Exception):
    """Raised inside when the run is no longer wanted."""


def generate(runs: Sequence[Run], workbench: Workbench) -> None:
    """Make the dreams of all runs, one after the other."""
    for run in runs:
        try:
            network = workbench.model("features", run.request.model, load_network)
            run.finish(artwork_of(run, network, workbench.device))
        except Stopped:
            continue
        except (ArtError, RefusedError) as error:
            run.fail(error.code, str(error))


def artwork_of(run: Run, network: Network, device: str) -> Artwork:
    """Return the dream that a run asks for.

    Raises:
        ArtError: if an image can't be read, or is too narrow for the network.
        RefusedError: if the network hasn't what is asked for, or the memory doesn't suffice.
        Stopped: if the run was stopped.
    """
    request: DreamRequest = run.request
    check(request, _card(network), None)
    objective = objective_of(request, network, device)
    extractor = network.cut(objective.layers)
    memory = free_memory(device)  # beside the network, whose first cut takes some itself
    check(request, _card(network), memory)
    picture = _start(run, device)
    original = picture.rgb[None]
    _require_seen(original, "The picture", extractor, "ask for a larger size, or crop it")
    if request.guide is not None:
        guide = _read(run, request.guide, GUIDE_SIZE).rgb[None].to(device)
        _require_seen(guide, "The guide", extractor, "crop it")
        with torch.no_grad():
            objective = objective.guided_by(extractor(guide))
    tiling = Tiling.of(extractor, window_side(extractor, original.shape[-2:], memory))
    show = Show(run, original)
    recorder = Recorder(device)
    ascent = Ascent(extractor, objective, request, tiling=tiling, recorder=recorder, watch=show)
    image, losses = ascent.dream(original)
    finished = replace(picture, rgb=show.finished(image)[0].cpu())
    output = encode(finished, request.format, metadata=request.model_dump(mode="json"))
    height, width = original.shape[-2:]
    result = {
        "losses": [float(f"{loss:.4g}") for loss in losses],
        "steps": len(losses),
        "width": width,
        "height": height,
        "layers": objective.contributions,
    }
    return Artwork((output,), result)


def objective_of(request: DreamRequest, network: Network, device: str) -> Objective:
    """Return what a request wants to grow, without its guide."""
    contributions = request.contributions([name for name in network.layers if name != LOGITS])
    channels = {
        name: torch.tensor(chosen, device=device)
        for name, chosen in (request.channels or {}).items()
    }
    target = None
    if request.target_class is not None:
        target = find_class(request.target_class, _card(network)["classes"])
    return Objective(contributions, channels=channels, target=target)


def window_side(extractor: Extractor, size: Sequence[int], memory: int | None) -> int:
    """Return the side of the largest window that a gradient may be taken of, in pixels.

    `size` is (height, width) of the output, for whose own buffers memory is left.
    """
    budget = WINDOW_BYTES
    if memory is not None:
        budget = min(budget, memory - PICTURE_BYTES * math.prod(size))
    side = math.isqrt(max(0, budget) // extractor.bytes_per_pixel)
    return max(side, SMALLEST_WINDOW) // extractor.stride * extractor.stride


class Show:
    """What of a dream is told to its run while it is made."""

    def __init__(self, run: Run, original: Tensor) -> None:
        self.run = run
        self.original = original
        self.request: DreamRequest = run.request

    def before_work(self) -> None:
        """Stop as soon as the run is."""
        if self.run.stopped:
            raise Stopped

    def after_step(self, step: int, total: int, picture: Callable[[], Tensor]) -> None:
        """Tell the step; show the picture each few steps and at the end of an octave."""
        self.run.progress(step, total)
        iterations = self.request.iterations
        is_due = step % iterations == 0 or step % iterations % PREVIEW_STEPS == 0
        if step < total and is_due and self.run.wants_preview:
            self._preview(picture())

    def finished(self, image: Tensor) -> Tensor:
        """Return a dream (1, 3, h, w) with the original's colours and share, if they are wanted."""
        request = self.request
        original = resize(self.original, *image.shape[-2:]).clamp(0.0, 1.0)
        if request.preserve_colors:
            image = with_luma_of(image, original)
        return torch.lerp(image, original, request.blend) if request.blend > 0 else image

    def _preview(self, image: Tensor) -> None:
        image = self.finished(image)
        height, width = image.shape[-2:]
        if max(height, width) > PREVIEW_SIZE:
            image = resize(image, *fit(height, width, PREVIEW_SIZE)).clamp(0.0, 1.0)
        shown = encode(Picture(image[0].cpu()), "jpeg", metadata={})
        self.run.preview(
            shown.data, shown.media_type, width=image.shape[-1], height=image.shape[-2]
        )


def _start(run: Run, device: str) -> Picture:
    """Return what the dream begins with, at its final size: the image, or noise in a square."""
    request: DreamRequest = run.request
    if request.image is not None:
        picture = _read(run, request.image, request.size)
        return replace(picture, rgb=picture.rgb.to(device))
    generator = torch.Generator().manual_seed(request.seed or 0)
    return Picture(noise(request.size, generator)[0].to(device))


def _read(run: Run, reference: str, size: int) -> Picture:
    """Return a picture whose longest side is `size`."""
    picture = decode(run.input(reference), max_pixels=MAX_INPUT_PIXELS)
    height, width = fit(picture.rgb.shape[1], picture.rgb.shape[2], size)
    alpha = picture.alpha
    return Picture(
        resize(picture.rgb[None], height, width)[0].clamp(0.0, 1.0),
        None if alpha is None else resize(alpha[None], height, width)[0].clamp(0.0, 1.0),
    )


def _require_seen(image: Tensor, what: str, extractor: Extractor, remedy: str) -> None:
    height, width = image.shape[-2:]
    if min(height, width) < extractor.smallest:
        raise ArtError(
            "invalid_image",
            f"{what} is {width} x {height} px at this size, but these layers see nothing of less "
            f"than {extractor.smallest} each way; {remedy}",
        )


def _card(network: Network) -> Mapping[str, Any]:
    """Return the network's card, with the layers as they were found."""
    layers = [
        {"name": name, "channels": layer.channels, "stride": layer.stride}
        for name, layer in network.layers.items()
    ]
    return {**network.card, "layers": layers}
