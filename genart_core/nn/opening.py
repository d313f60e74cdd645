"""Picture files as Pillow images, as networks look at them: upright, in sRGB, of any depth."""

from pathlib import Path

import torch
from PIL import Image

from genart_core.errors import ArtError, InvalidImageError
from genart_core.nn.image import decode
from genart_core.pictures import format_of, opened, orientation_of

MAX_PIXELS = 2**28
# How pictures come upright by their orientation (Exif 2.32, 4.6.4).
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def open_photo(path: Path) -> Image.Image:
    """Return a picture as dream and style see it: upright, in sRGB, of any depth.

    Raises:
        ValueError: if the file is none.
    """
    try:
        return as_photo(path.read_bytes())
    except (OSError, InvalidImageError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ValueError(f"{path} can't be read as a picture: {why}") from error


def as_photo(data: bytes) -> Image.Image:
    """Return the picture in a file's bytes, as `open_photo` does.

    Raises:
        InvalidImageError: if there is none.
    """
    with opened(data, max_pixels=MAX_PIXELS) as image:
        # Of most photographs `decode` would give the same, by way of float32, in longer.
        if format_of(image) != "TIFF" and _is_plain(image):
            plain = image.convert("RGB")
            turn = TURNS.get(orientation_of(image))  # a PNG may say it behind the pixels
            return plain if turn is None else plain.transpose(turn)
    try:
        rgb = decode(data, max_pixels=MAX_PIXELS).rgb
    except ArtError as error:
        raise InvalidImageError(str(error)) from error
    return Image.fromarray(rgb.mul(255.0).round().to(torch.uint8).permute(1, 2, 0).numpy())


def _is_plain(image: Image.Image) -> bool:
    """True of 8-bit samples that mean sRGB as they are."""
    is_opaque = not image.has_transparency_data
    return image.mode in ("L", "RGB") and is_opaque and not image.info.get("icc_profile")
