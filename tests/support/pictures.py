"""Small picture files in every form that people have."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image, ImageCms


def saved(image: Image.Image, format: str, **options: Any) -> bytes:
    """Return the file that Pillow writes."""
    file = io.BytesIO()
    image.save(file, format, **options)
    return file.getvalue()


def scene(width: int = 24, height: int = 16) -> Image.Image:
    """Return a picture whose four quarters differ: red, green, blue and a ramp of greys."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[: height // 2, : width // 2, 0] = 220
    pixels[: height // 2, width // 2 :, 1] = 220
    pixels[height // 2 :, : width // 2, 2] = 220
    pixels[height // 2 :, width // 2 :] = np.linspace(0, 255, width - width // 2)[None, :, None]
    return Image.fromarray(pixels)


def with_alpha(image: Image.Image) -> Image.Image:
    """Return the picture with a transparent left margin and a half transparent top one."""
    alpha = np.full((image.height, image.width), 255, dtype=np.uint8)
    alpha[: image.height // 4] = 128
    alpha[:, : image.width // 4] = 0
    image = image.convert("RGBA")
    image.putalpha(Image.fromarray(alpha))
    return image


def exif(orientation: int) -> bytes:
    """Return EXIF that says how the camera was held."""
    tags = Image.Exif()
    tags[0x0112] = orientation
    return tags.tobytes()


def held(upright: Image.Image, orientation: int) -> Image.Image:
    """Return the pixels as a camera held that way stores them."""
    turns = Image.Transpose
    undo = {
        2: turns.FLIP_LEFT_RIGHT,
        3: turns.ROTATE_180,
        4: turns.FLIP_TOP_BOTTOM,
        5: turns.TRANSPOSE,
        6: turns.ROTATE_90,
        7: turns.TRANSVERSE,
        8: turns.ROTATE_270,
    }
    return upright.transpose(undo[orientation]) if orientation in undo else upright


def profile() -> bytes:
    """Return the ICC profile of sRGB."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def chunk(name: bytes, body: bytes) -> bytes:
    """Return a PNG chunk."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def files() -> dict[str, bytes]:
    """Return one small file of each form, by format and form."""
    rgb = scene()
    rgba, grey, palette = with_alpha(rgb), rgb.convert("L"), rgb.quantize(16)
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    film = [rgb.rotate(angle) for angle in (30, 60)]
    tagged = {"exif": exif(6), "icc_profile": profile()}
    animated = {"save_all": True, "append_images": film, "duration": 50}
    return {
        "PNG rgb": saved(rgb, "PNG", **tagged),
        "PNG rgba": saved(rgba, "PNG"),
        "PNG palette": saved(palette, "PNG", transparency=3),
        "PNG deep": saved(deep, "PNG"),
        "PNG film": saved(rgb, "PNG", **animated),
        "JPEG rgb": saved(rgb, "JPEG", **tagged),
        "JPEG progressive": saved(rgb, "JPEG", progressive=True),
        "JPEG grey": saved(grey, "JPEG"),
        "JPEG cmyk": saved(rgb.convert("CMYK"), "JPEG"),
        "WEBP lossy": saved(rgb, "WEBP", **tagged),
        "WEBP lossless": saved(rgba, "WEBP", lossless=True),
        "WEBP film": saved(rgb, "WEBP", **animated),
        "GIF still": saved(palette, "GIF"),
        "GIF film": saved(rgb, "GIF", comment=b"holiday", **animated),
        "BMP rgb": saved(rgb, "BMP"),
        "BMP palette": saved(palette, "BMP"),
        "TIFF rgb": saved(rgb, "TIFF", **tagged),
        "TIFF lzw": saved(rgba, "TIFF", compression="tiff_lzw"),
        "TIFF jpeg": saved(rgb, "TIFF", compression="jpeg"),
        "TIFF deep": saved(deep, "TIFF", compression="tiff_adobe_deflate"),
        "TIFF film": saved(rgb, "TIFF", save_all=True, append_images=film),
    }
