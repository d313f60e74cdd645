"""Pictures in the manner of others: what a job asks for, made with a worker's model and memory.

Gatys, Ecker & Bethge, Image style transfer using convolutional neural networks, CVPR 2016.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from genart_core.arts.style.layers import choose_layers
from genart_core.arts.style.losses import LOSSES
from genart_core.arts.style.pyramid import Manner, Painter, Sitters
from genart_core.arts.style.request import StyleRequest, check
from genart_core.arts.style.targets import Weights
from genart_core.arts.style.tiles import StoppedError
from genart_core.artwork import Artwork, Run, Workbench
from genart_core.errors import ArtError, RefusedError
from genart_core.nn.device import free_memory
from genart_core.nn.features import Network, load_network
from genart_core.nn.graph import Recorder
from genart_core.nn.image import Picture, decode, encode, fit, luma_of, resize, with_luma_of

CURVE_POINTS = 250
PREVIEW_SIZE = 512
MAX_INPUT_PIXELS = 2**28  # submitted pictures were counted before; this bounds other ways in
# More than this isn't taken, though more be free: beside it others want to work.
MOST_BYTES = 16 << 30


def generate(runs: Sequence[Run], workbench: Workbench) -> None:
    """Paint the pictures of all runs, one after the other."""
    for run in runs:
        try:
            network = workbench.model("features", run.request.model, load_network)
            run.finish(artwork_of(run, network, workbench.device))
        except StoppedError:
            continue
        except (ArtError, RefusedError) as error:
            run.fail(error.code, str(error))


def artwork_of(run: Run, network: Network, device: str) -> Artwork:
    """Return the picture that a run asks for.

    Raises:
        ArtError: if an image can't be read or is too narrow.
        RefusedError: if the network hasn't a layer, or the memory doesn't suffice.
        StoppedError: if the run was stopped.
    """
    request: StyleRequest = run.request
    layers = choose_layers(request.content_layers, request.style_layers, _known(network))
    extractor = network.cut(layers.names)
    available = free_memory(device)  # beside the network, whose first cut takes some itself
    check(request, {"layers": _known(network)}, available)
    original = _read(run, request.content, request.size)
    sitters = _sitters(run, original, device)
    finish = Finish(request, sitters)
    painter = Painter(
        extractor,
        _manner(request, network, original.rgb, max(extractor.stride, extractor.smallest)),
        Recorder(device),
        available=None if available is None else min(available, MOST_BYTES),
        pictures=request.pictures,
        stopped=lambda: run.stopped,
        watch=_watch(run, finish),
    )
    generator = torch.Generator().manual_seed(request.seed or 0)
    image = finish.of(painter.paint(sitters, generator))
    picture = Picture(image[0].cpu(), original.alpha)
    output = encode(picture, request.format, metadata=request.model_dump(mode="json"))
    return Artwork((output,), _result(painter, output.width, output.height))


class Finish:
    """What is done to a painted picture of any size: colours kept, places outside masks kept."""

    def __init__(self, request: StyleRequest, sitters: Sitters) -> None:
        self._keeps_colors = request.preserve_colors == "luma"
        self._content = sitters.content
        self._cover = None
        if sitters.masks is not None:
            self._cover = sitters.masks.sum(dim=0).clamp_max(1.0)[None, None]

    def of(self, image: Tensor) -> Tensor:
        """Return the picture `(1, 3, H, W)` finished."""
        height, width = image.shape[-2:]
        content = resize(self._content, height, width).clamp(0.0, 1.0)
        if self._keeps_colors:
            image = with_luma_of(image, content)
        if self._cover is not None:
            cover = resize(self._cover, height, width).clamp(0.0, 1.0)
            image = torch.lerp(content, image, cover)
        return image


def _watch(run: Run, finish: Finish) -> Callable[[int, int, Callable[[], Tensor]], None]:
    """Return what tells a run of each step, and shows it the picture when it wants to see it."""

    def watch(step: int, total: int, picture: Callable[[], Tensor]) -> None:
        run.progress(step, total)
        if step == total or not run.wants_preview:
            return
        image = finish.of(picture().clamp(0.0, 1.0))
        height, width = image.shape[-2:]
        if max(height, width) > PREVIEW_SIZE:
            image = resize(image, *fit(height, width, PREVIEW_SIZE)).clamp(0.0, 1.0)
        shown = encode(Picture(image[0].cpu()), "jpeg", metadata={})
        size = {"width": image.shape[-1], "height": image.shape[-2]}
        run.preview(shown.data, shown.media_type, **size)

    return watch


def _manner(request: StyleRequest, network: Network, content: Tensor, least: int) -> Manner:
    height, width = content.shape[-2:]
    seen = [size for size in request.sizes if min(fit(height, width, size)) >= least]
    if not seen:
        raise ArtError(
            "invalid_image",
            f"Content is {width} x {height} px at size {request.size}, but {request.model} needs "
            f"at least {least} each way; ask for a larger size, or crop it",
        )
    weights = Weights(
        request.content_weight, request.style_weight, request.tv_weight, request.blend
    )
    return Manner(
        choose_layers(request.content_layers, request.style_layers, _known(network)),
        weights,
        seen,
        request.evaluations,
        optimizer=request.optimizer,
        init=request.init,
        style_scale=request.style_scale,
        matches_colors=request.preserve_colors == "coral",
    )


def _sitters(run: Run, content: Picture, device: str) -> Sitters:
    """Return the pictures to paint from, each at the largest size that it is seen at."""
    request: StyleRequest = run.request
    largest = max(1, round(request.size * request.style_scale))
    styles = [_read(run, one, largest).rgb[None].to(device) for one in request.style]
    height, width = content.rgb.shape[-2:]
    masks = [_mask(run, one, height, width).to(device) for one in request.masks]
    return Sitters(content.rgb[None].to(device), styles, torch.stack(masks) if masks else None)


def _read(run: Run, reference: str, size: int) -> Picture:
    """Return a picture whose longest side is `size`."""
    picture = decode(run.input(reference), max_pixels=MAX_INPUT_PIXELS)
    height, width = fit(picture.rgb.shape[1], picture.rgb.shape[2], size)
    alpha = picture.alpha
    return Picture(
        resize(picture.rgb[None], height, width)[0].clamp(0.0, 1.0),
        None if alpha is None else resize(alpha[None], height, width)[0].clamp(0.0, 1.0),
    )


def _mask(run: Run, reference: str, height: int, width: int) -> Tensor:
    """Return a mask `(height, width)` in [0, 1]; what is transparent is black."""
    picture = decode(run.input(reference), max_pixels=MAX_INPUT_PIXELS)
    grey = luma_of(picture.rgb)
    if picture.alpha is not None:
        grey = grey * picture.alpha
    return resize(grey[None], height, width)[0, 0].clamp(0.0, 1.0)


def _result(painter: Painter, width: int | None, height: int | None) -> dict[str, Any]:
    """Return the losses as curves of at most `CURVE_POINTS`, first and last included."""
    curves = torch.stack(painter.curves).double().cpu()
    count = min(CURVE_POINTS, len(curves))
    chosen = torch.linspace(0, len(curves) - 1, count).round().long()
    losses = {
        name: [float(f"{value:.5g}") for value in curves[chosen, i].tolist()]
        for i, name in enumerate(LOSSES)
    }
    return {"losses": losses, "steps": len(curves), "width": width, "height": height}


def _known(network: Network) -> list[Mapping[str, Any]]:
    return [
        {"name": name, "channels": layer.channels, "stride": layer.stride}
        for name, layer in network.layers.items()
    ]
