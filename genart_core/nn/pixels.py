"""From the many ways in which files store colours to sRGB samples with straight alpha.

Photographs come as 8-bit RGB; scans and films also as 16-bit grey, palettes, CMYK, CIELAB, floats
and with colour profiles. Pillow's own conversions clip deep grey to white and ignore profiles.
"""

import io
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from genart_core.errors import InvalidImageError

Samples: TypeAlias = NDArray[np.uint8] | NDArray[np.float32]

# TIFF 6.0, section 8.
BITS_PER_SAMPLE = 258
PHOTOMETRIC = 262
WHITE_IS_ZERO = 0


def read_samples(image: Image.Image) -> tuple[Samples, NDArray[np.uint8] | None]:
    """Return sRGB samples `(H, W, 3)` and alpha `(H, W)` of the first frame, not yet turned.

    Integers are of 0 to 255, floats of 0 to 1. Alpha is None where the file has none.
    """
    image.load()
    profile = image.info.get("icc_profile")
    if image.mode.startswith(("I", "F")):
        grey, alpha = _deep_grey(image), _keyed(image)
        if profile:
            flat = Image.fromarray((grey * 255.0).round().astype(np.uint8))
            return np.asarray(_to_srgb(flat, profile)), alpha
        return np.repeat(grey[:, :, None], 3, axis=2), alpha
    if not image.has_transparency_data:
        return np.asarray(_to_srgb(image, profile)), None
    if image.mode == "La":
        image = image.convert("LA")
    straight = image.convert("RGBA") if image.mode != "RGBA" else image
    alpha = np.asarray(straight.getchannel("A"))
    return np.asarray(_to_srgb(straight.convert("RGB"), profile)), alpha


def _deep_grey(image: Image.Image) -> NDArray[np.float32]:
    """Return grey of more than 8 bits as `(H, W)` in [0, 1]."""
    values = np.asarray(image).astype(np.float64)
    tags = getattr(image, "tag_v2", {})
    if image.mode.startswith("I;16"):
        bits = tags.get(BITS_PER_SAMPLE, (16,))[0]
        grey = values / (2**bits - 1 if 8 < bits <= 16 else 65535)
        grey = 1.0 - grey if tags.get(PHOTOMETRIC) == WHITE_IS_ZERO else grey
    else:
        grey = _to_unit(values)
    return grey.clip(0.0, 1.0).astype(np.float32)


def _to_unit(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scale 32-bit samples by the usual white that holds them; stretch what fits none."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        raise InvalidImageError("The picture has no finite sample")
    low, high = float(finite.min()), float(finite.max())
    values = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
    for white in (1.0, 255.0, 65535.0):
        if low >= 0.0 and high <= white:
            return values / white
    # Halved, so that the difference of the largest floats is finite too.
    return (values / 2 - low / 2) / max(high / 2 - low / 2, np.finfo(np.float64).tiny)


def _keyed(image: Image.Image) -> NDArray[np.uint8] | None:
    """Return the alpha of deep grey of which a PNG declares one value transparent."""
    key = image.info.get("transparency")
    if not isinstance(key, int):
        return None
    return np.where(np.asarray(image) == key, 0, 255).astype(np.uint8)


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return an image of mode RGB; a profile that doesn't fit the picture is ignored."""
    if image.mode == "LAB":
        return _transformed(image, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
    if image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGB")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            space = source.profile.xcolor_space.strip()
            if image.mode == "L" and space == "RGB":
                image = image.convert("RGB")
            elif image.mode == "RGB" and space == "GRAY":
                image = image.convert("L")
            return _transformed(image, source)
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass
    return image.convert("RGB")


def _transformed(image: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    # What photographers' programs do by default.
    transform = ImageCms.buildTransform(
        source,
        _srgb(),
        image.mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    return transform.apply(image)


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
