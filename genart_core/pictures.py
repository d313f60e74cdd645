"""What a picture file says about itself, read from its header without decoding a pixel.

Pillow is imported when the first picture comes. Only the formats in `MEDIA_TYPES` are ever tried.
"""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from genart_core.errors import InvalidImageError, TooManyPixelsError

if TYPE_CHECKING:
    from PIL.Image import Image

MEDIA_TYPES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
}
ORIENTATION = 0x0112  # Exif 2.32, 4.6.4: 1 = upright; 5 to 8 swap width and height


# Seen: a photograph takes hundreds, a GIF of 50 MB about 400,000 to count its frames (0.4 s).
MAX_READS = 500_000


@dataclass(frozen=True)
class PictureFacts:
    """A picture file as its header describes it.

    `width` and `height` are in pixels, as shown: turned as EXIF says. `frames` is 1 for a still
    picture. `mode` is Pillow's name of the colours as stored (`RGB`, `P`, `I;16`, `CMYK`, …).
    """

    format: str
    media_type: str
    width: int
    height: int
    frames: int
    mode: str
    bytes: int


def inspect(data: bytes, *, max_pixels: int) -> PictureFacts:
    """Return what the header says.

    Raises:
        InvalidImageError: if it is no picture of a format in `MEDIA_TYPES`.
        TooManyPixelsError: if width times height is more than `max_pixels`.
    """
    with opened(data, max_pixels=max_pixels) as image:
        name = format_of(image)
        width, height = image.size
        # Pillow has turned a TIFF already.
        if name != "TIFF" and orientation_of(image) >= 5:
            width, height = height, width
        return PictureFacts(
            format=name,
            media_type=MEDIA_TYPES[name],
            width=width,
            height=height,
            mode=image.mode,
            frames=1 if name == "JPEG" else _frames_of(image),
            bytes=len(data),
        )


@contextmanager
def opened(data: bytes, *, max_pixels: int) -> "Iterator[Image]":
    """Lend the Pillow image of a file, whose pixels are still to be decoded.

    Whatever goes wrong inside, there or in the caller's block, comes out as InvalidImageError.
    """
    from PIL import Image, UnidentifiedImageError

    # Pillow warns of odd metadata and of sizes; neither is the reader's business. Filters belong to
    # the process, so one is added (once) rather than set and taken back around each picture:
    # another thread may be doing the same.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    # Pillow's own limit belongs to the process too and is only ever raised; ours is below.
    Image.MAX_IMAGE_PIXELS = max(max_pixels, Image.MAX_IMAGE_PIXELS or 0)
    try:
        with Image.open(_MeteredBytes(data), formats=tuple(MEDIA_TYPES)) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise TooManyPixelsError(width * height, max_pixels)
            if not width * height:
                raise InvalidImageError(f"The picture is {width} x {height} pixels: it is empty")
            yield image
    except InvalidImageError:
        raise
    except UnidentifiedImageError as error:
        allowed = ", ".join(MEDIA_TYPES)
        raise InvalidImageError(
            f"These {len(data):,} bytes are no picture that can be read; allowed: {allowed}"
        ) from error
    except Image.DecompressionBombError as error:
        came = re.search(r"\d+", str(error))
        pixels = int(came[0]) if came else 2 * max_pixels
        raise TooManyPixelsError(pixels, max_pixels) from error
    except Exception as error:
        # Decoders raise whatever a damaged file trips: OSError, SyntaxError, struct.error, …
        raise InvalidImageError(f"The picture is damaged: {error}") from error


class _MeteredBytes(io.BytesIO):
    """Bytes that may be read from so often.

    A few megabytes can hold a million empty blocks, over each of which Pillow steps in Python.
    """

    reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        if self.reads > MAX_READS:
            raise InvalidImageError(f"The picture has more than {MAX_READS // 2:,} blocks")
        return super().read(size)


def format_of(image: "Image") -> str:
    """Return a key of `MEDIA_TYPES`; the several views of an MPO are JPEGs."""
    return "JPEG" if image.format == "MPO" else str(image.format)


def orientation_of(image: "Image") -> int:
    """Return EXIF's orientation, 1 to 8; 1 if there is none or it can't be read."""
    from PIL import Image

    try:
        # A PNG's own method would decode the pixels to look for the tag behind them.
        orientation = Image.Image.getexif(image).get(ORIENTATION, 1)
    except Exception:  # a photograph with broken EXIF is still one
        return 1
    return orientation if orientation in range(1, 9) else 1


def _frames_of(image: "Image") -> int:
    try:
        return int(getattr(image, "n_frames", 1))
    except InvalidImageError:
        raise
    except Exception:  # only the first frame is ever used, so that later ones may be damaged
        return 1
