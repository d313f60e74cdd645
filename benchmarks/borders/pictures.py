"""Good pictures of every format and depth, small, and drawn from a seed."""

import io
from random import Random
from typing import Any

from PIL import Image, ImageCms, PngImagePlugin

_FORMATS = {
    "PNG": ("L", "LA", "RGB", "RGBA", "P", "1", "I;16"),
    "JPEG": ("L", "RGB", "CMYK"),
    "WEBP": ("RGB", "RGBA"),
    "GIF": ("P", "L"),
    "BMP": ("1", "L", "P", "RGB"),
    "TIFF": ("L", "RGB", "RGBA", "CMYK", "I;16", "F", "LAB", "YCbCr"),
}
MEDIA_TYPES = {name: f"image/{name.lower()}" for name in _FORMATS}


def picture(random: Random) -> tuple[str, bytes]:
    """Return a format and a file of it."""
    name = random.choice(list(_FORMATS))
    mode = random.choice(_FORMATS[name])
    size = random.randint(1, 48), random.randint(1, 48)
    images = [_noise(random, mode, size)]
    options: dict[str, Any] = {}
    if name in ("GIF", "WEBP", "PNG", "TIFF") and random.random() < 0.3 and mode != "I;16":
        more = [_noise(random, mode, size) for _ in range(random.randint(1, 5))]
        options |= {"save_all": True, "append_images": more, "duration": 20}
    if name == "PNG" and mode in ("P", "L", "RGB") and random.random() < 0.3:
        options["transparency"] = 0 if mode != "RGB" else (0, 0, 0)
    if name == "PNG" and random.random() < 0.5:
        options["pnginfo"] = _texts(random)
    if name == "TIFF" and mode not in ("F", "I;16"):
        options["compression"] = random.choice(("raw", "tiff_lzw", "tiff_deflate", "packbits"))
    if name in ("JPEG", "PNG", "WEBP", "TIFF") and random.random() < 0.5:
        options |= _described(random, name)
    if name == "JPEG":
        options |= {"progressive": random.random() < 0.5, "quality": random.randint(1, 95)}
    file = io.BytesIO()
    images[0].save(file, name, **options)
    return name, file.getvalue()


def plain(size: int = 16) -> bytes:
    """Return a good PNG."""
    file = io.BytesIO()
    Image.new("RGB", (size, size), (200, 80, 40)).save(file, "PNG")
    return file.getvalue()


def _noise(random: Random, mode: str, size: tuple[int, int]) -> Image.Image:
    width, height = size
    if mode == "I;16":
        return Image.frombytes(mode, size, random.randbytes(2 * width * height))
    if mode == "F":
        return Image.frombytes("L", size, random.randbytes(width * height)).convert("F")
    if mode in ("P", "1"):
        return Image.frombytes("L", size, random.randbytes(width * height)).convert(mode)
    bands = len(Image.new(mode, (1, 1)).getbands())
    return Image.frombytes(mode, size, random.randbytes(bands * width * height))


def _texts(random: Random) -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text(
        "genart", random.choice(("{}", '{"kind":"text"}', "[" * 5000, "\xff", "x" * 9000))
    )
    info.add_text("Comment", "x" * random.randint(0, 3000), zip=random.random() < 0.5)
    return info


def _described(random: Random, name: str) -> dict[str, Any]:
    """Return a colour profile and EXIF, as sound as Pillow writes them."""
    exif = Image.Exif()
    exif[0x0112] = random.choice((0, 1, 3, 5, 6, 8, 9, 65535))
    exif[0x010E] = "x" * random.randint(0, 200)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    undated = profile[:24] + bytes(12) + profile[36:]  # ICC.1:2022, 7.2.8: when it was made
    return {"icc_profile": undated, **({} if name == "TIFF" else {"exif": exif.tobytes()})}
