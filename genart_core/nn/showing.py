"""What a caller gets of pictures: images, a sheet or a film, and the points that they show."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import orjson
import torch
from PIL import Image
from torch import Tensor

from genart_core.artwork import Output
from genart_core.nn.image import Picture, encode, encode_film
from genart_core.nn.sheets import arrange

METADATA_BYTES = 32 * 1024  # a JPEG can't carry more than twice that
LATENTS_BYTES = 48 * 1024  # of the result's 64 KiB
DIGITS = 4  # behind the point: a picture made from them differs by less than 1/255


@dataclass(frozen=True)
class Showing:
    """How pictures are to be shown; the fields are those of requests."""

    layout: Literal["images", "sheet", "film"]
    format: Literal["png", "jpeg", "webp", "gif"]
    scale: int = 1
    is_smooth: bool = True
    columns: int = 8
    frame_ms: int = 80
    is_loop: bool = True

    def outputs(self, images: Tensor, facts: Mapping[str, Any]) -> tuple[Output, ...]:
        """Return the files of images `(N, 1 or 3, h, w)` in [0, 1], which carry `facts`.

        Raises:
            ArtError: if the format can't hold a sheet of that size.
        """
        images = enlarged(images.expand(-1, 3, -1, -1), self.scale, is_smooth=self.is_smooth)
        if self.layout == "film":
            return (
                encode_film(
                    list(images),
                    "gif" if self.format == "gif" else "webp",
                    frame_ms=self.frame_ms,
                    is_loop=self.is_loop,
                    metadata=facts,
                ),
            )
        if self.layout == "sheet":
            images = arrange(images, min(self.columns, len(images)))[None]
        if self.format == "gif":
            raise ValueError("gif is a format of films")
        return tuple(encode(Picture(one), self.format, metadata=facts) for one in images)


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


def described(facts: Mapping[str, Any], *long: str) -> dict[str, Any]:
    """Return what files carry of a request: all, without its `long` fields if it is too much."""
    kept = dict(facts)
    if len(json.dumps(kept)) > METADATA_BYTES:
        kept |= dict.fromkeys(long)
    return kept


def told(points: Tensor) -> list[list[float]]:
    """Return the numbers of as many points as a result has room for."""
    shift = 10**DIGITS
    rows: list[list[float]] = points.double().mul(shift).round().div(shift).tolist()
    # Each row ends with a bracket, and so does the list of those that there is room for.
    return rows[: orjson.dumps(rows).count(b"]", 0, LATENTS_BYTES - 1)]
