"""Decoded pictures as the files that a caller asked for."""

from torch import Tensor

from genart_core.arts.vae.request import VaeEditRequest, VaeSampleRequest
from genart_core.artwork import Output
from genart_core.nn.showing import Showing, described


def shown(request: VaeSampleRequest | VaeEditRequest, images: Tensor) -> tuple[Output, ...]:
    """Return the outputs for images `(N, 1 or 3, h, w)` in [0, 1].

    Raises:
        ArtError: if the format can't hold a sheet of that size.
    """
    return _showing(request).outputs(images, described(request.model_dump(mode="json"), "latents"))


def _showing(request: VaeSampleRequest | VaeEditRequest) -> Showing:
    is_smooth = request.resample == "lanczos"
    if isinstance(request, VaeEditRequest):
        return Showing("images", request.format, scale=request.scale, is_smooth=is_smooth)
    return Showing(
        request.layout or "images",
        request.format or "png",
        scale=request.scale,
        is_smooth=is_smooth,
        columns=request.columns,
        frame_ms=request.frame_ms,
        is_loop=request.loop or request.mode != "walk",
    )
