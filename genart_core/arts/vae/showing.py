"""Decoded pictures as the files that a caller asked for: images, a sheet or a film."""

import json
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from genart_core.arts.vae.request import VaeEditRequest, VaeSampleRequest
from genart_core.artwork import Output
from genart_core.nn.image import Picture, encode, encode_film
from genart_core.nn.sheets import arrange

METADATA_BYTES = 32 * 1024  # a JPEG can't carry more than twice that


def shown(request: VaeSampleRequest | VaeEditRequest, images: Tensor) -> tuple[Output, ...]:
    """Return the outputs for images `(N, 1 or 3, h, w)` in [0, 1].

    Raises:
        ArtError: if the format can't hold a sheet of that size.
    """
    images = images.expand(-1, 3, -1, -1)
    images = enlarged(images, request.scale, is_smooth=request.resample == "lanczos")
    facts, format = described(request), request.format
    if isinstance(request, VaeSampleRequest):
        if request.layout == "film":
            return (_film(request, images, facts),)
        if request.layout == "sheet":
            images = arrange(images, min(request.columns, len(images)))[None]
    if format is None or format == "gif":
        raise ValueError("The request has no format for still pictures")
    return tuple(encode(Picture(one), format, metadata=facts) for one in images)


def _film(request: VaeSampleRequest, images: Tensor, facts: dict[str, Any]) -> Output:
    return encode_film(
        list(images),
        "gif" if request.format == "gif" else "webp",
        frame_ms=request.frame_ms,
        is_loop=request.loop or request.mode != "walk",
        metadata=facts,
    )


def enlarged(images: Tensor, scale: int, *, is_smooth: bool) -> Tensor:
    """Return images `(N, 3, h, w)` so many times as large."""
    if scale == 1:
        return images
    if not is_smooth:
        return images.repeat_interleave(scale, dim=2).repeat_interleave(scale, dim=3)
    pixels = images.clamp(0.0, 1.0).mul(255.0).round().to(torch.uint8).permute(0, 2, 3, 1)
    size = images.shape[3] * scale, images.shape[2] * scale
    larger = [
        torch.frombuffer(
            bytearray(Image.fromarray(one).resize(size, Image.Resampling.LANCZOS).tobytes()),
            dtype=torch.uint8,
        ).view(size[1], size[0], 3)
        for one in pixels.contiguous().numpy()
    ]
    return torch.stack(larger).permute(0, 3, 1, 2).float() / 255.0


def described(request: VaeSampleRequest | VaeEditRequest) -> dict[str, Any]:
    """Return what files carry of their request: all of it, unless its points are too many."""
    facts: dict[str, Any] = request.model_dump(mode="json")
    if len(json.dumps(facts)) > METADATA_BYTES:
        facts["latents"] = None
    return facts
