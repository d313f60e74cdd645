"""Pictures as tensors: from the bytes of a file, to the bytes of a file, and their colours.

1. Gatys, Bethge, Hertzmann, Shechtman, Preserving color in neural artistic style transfer,
   arXiv:1606.05897 (luma, and matching of mean and covariance).
2. Sun, Feng, Saenko, Return of frustratingly easy domain adaptation, arXiv:1511.05547 (CORAL).
3. Gortler, Grzeszczuk, Szeliski, Cohen, The lumigraph, 1996, 3.3 (push-pull).
"""

import io
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, PngImagePlugin
from torch import Tensor

from genart_core.artwork import Output
from genart_core.errors import ArtError, InvalidImageError
from genart_core.nn.pixels import Samples, read_samples
from genart_core.pictures import MEDIA_TYPES, format_of, opened, orientation_of

Format: TypeAlias = Literal["png", "jpeg", "webp"]
FilmFormat: TypeAlias = Literal["webp", "gif"]

# Pixels a side that a format can hold; PNG's limit is beyond reach.
LARGEST_SIDE = {"png": 2**31 - 1, "jpeg": 65_500, "webp": 16_383}
KEYWORD = "genart"  # of the PNG's text
# Exif 2.32: tags, and the prefixes that a user comment's characters are told by.
SOFTWARE, EXIF_IFD, USER_COMMENT, COLOUR_SPACE = 0x0131, 0x8769, 0x9286, 0xA001
SRGB = 1
ASCII, UNDEFINED = b"ASCII\0\0\0", bytes(8)
JPEG_COMMENT_BYTES = 64_000
MAX_METADATA_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True)
class Picture:
    """`rgb` is sRGB `(3, H, W)` float32 in [0, 1]; `alpha` is `(1, H, W)`, None if all opaque."""

    rgb: Tensor
    alpha: Tensor | None = None


def decode(data: bytes, *, max_pixels: int) -> Picture:
    """Return a file's picture, upright; of several frames the first.

    Raises:
        ArtError: `invalid_image`, if it is no picture, damaged, or of more than `max_pixels`.
    """
    try:
        with opened(data, max_pixels=max_pixels) as image:
            samples, opacity = read_samples(image)
            # A TIFF is turned by Pillow; a PNG may say it behind the pixels, so ask only now.
            orientation = 1 if format_of(image) == "TIFF" else orientation_of(image)
    except InvalidImageError as error:
        raise ArtError("invalid_image", str(error)) from error
    rgb = _planes(samples, orientation)
    if opacity is None or opacity.min() == 255:
        return Picture(rgb)
    alpha = _planes(opacity[:, :, None], orientation)
    return Picture(_filled(rgb, alpha), alpha)


def encode(picture: Picture, format: Format, *, metadata: Mapping[str, Any]) -> Output:
    """Return a picture as an sRGB file that carries `metadata` as JSON and nothing foreign.

    A JPEG has no alpha: the picture is laid on white. Values beyond [0, 1] are clipped.

    Raises:
        ArtError: `too_large`, if the format can't hold so many pixels a side.
        ValueError: if the picture has infinite values, or JSON can't hold the metadata.
    """
    height, width = picture.rgb.shape[-2:]
    if max(height, width) > LARGEST_SIDE[format]:
        limit = f"{format.upper()} holds at most {LARGEST_SIDE[format]:,} pixels a side"
        raise ArtError("too_large", f"{limit}, not {width:,} x {height:,}; ask for png")
    if not picture.rgb.isfinite().all():
        raise ValueError("The picture has values that are not finite")
    text = json.dumps(dict(metadata), allow_nan=False, separators=(",", ":"))
    file = io.BytesIO()
    _SAVERS[format](_image(picture, flat=format == "jpeg"), file, text)
    return Output(file.getvalue(), MEDIA_TYPES[format.upper()], width, height)


def encode_film(
    frames: Sequence[Tensor],
    format: FilmFormat,
    *,
    frame_ms: int,
    is_loop: bool,
    metadata: Mapping[str, Any],
) -> Output:
    """Return frames `(3, H, W)` in [0, 1] as an animated file that carries `metadata` as JSON.

    It repeats for ever if `is_loop`, else it is shown once.
    """
    images = [_image(Picture(frame), flat=True) for frame in frames]
    text = json.dumps(dict(metadata), allow_nan=False, separators=(",", ":"))
    options: dict[str, Any] = {"save_all": True, "append_images": images[1:], "duration": frame_ms}
    if format == "webp":
        exif = _exif(_comment(text))
        options |= {"loop": 0 if is_loop else 1, "quality": 90, "method": 2, "exif": exif}
    else:
        # A GIF that says nothing of loops is shown once.
        options |= {"comment": text.encode()} | ({"loop": 0} if is_loop else {})
    file = io.BytesIO()
    images[0].save(file, format.upper(), **options)
    return Output(file.getvalue(), MEDIA_TYPES[format.upper()], *images[0].size)


def read_metadata(data: bytes) -> dict[str, Any]:
    """Return the metadata that `encode` put into a file; empty if there is none of ours."""
    try:
        with opened(data, max_pixels=2**31) as image:
            if format_of(image) == "PNG":
                found = image.info.get(KEYWORD, "{}")
            elif format_of(image) == "GIF":
                found = image.info.get("comment", "{}")
            else:
                found = _read_comment(image.getexif().get_ifd(EXIF_IFD).get(USER_COMMENT, b""))
            metadata = json.loads(found)
    except InvalidImageError:  # `opened` turns every error into this one
        return {}
    return metadata if isinstance(metadata, dict) else {}


def resize(x: Tensor, height: int, width: int) -> Tensor:
    """Return `(B, C, height, width)`: bicubic, antialiased; may overshoot the range of `x`."""
    if x.shape[-2:] == (height, width):
        return x
    return F.interpolate(x, (height, width), mode="bicubic", antialias=True)


def fit(height: int, width: int, size: int) -> tuple[int, int]:
    """Return height and width of the same shape whose longer side is `size`, at least 1."""
    scale = size / max(height, width)
    return max(1, round(height * scale)), max(1, round(width * scale))


def luma_of(x: Tensor) -> Tensor:
    """Return the luma `(…, 1, H, W)` of sRGB `(…, 3, H, W)` (ITU-R BT.601)."""
    red, green, blue = x.unbind(dim=-3)
    return (0.299 * red + 0.587 * green + 0.114 * blue).unsqueeze(-3)


def with_luma_of(result: Tensor, original: Tensor) -> Tensor:
    """Return `(…, 3, H, W)` of the luma of `result` and the colours of `original` (1, section 3.2).

    Where both together leave [0, 1] the colour is paled, so that luma is kept exactly.
    """
    luma = luma_of(result).clamp(0.0, 1.0)
    chroma = original - luma_of(original)
    room = torch.where(chroma > 0, 1.0 - luma, luma)
    share = (room / chroma.abs().clamp(min=1e-6)).amin(dim=-3, keepdim=True).clamp(max=1.0)
    return (luma + share * chroma).clamp(0.0, 1.0)


def coral(source: Tensor, target: Tensor) -> Tensor:
    """Return `source` with the mean and covariance of the colours of `target` (1, section 3.1; 2).

    Both are `(B, 3, H, W)`, of any two sizes. A linear map, so that values may leave [0, 1].
    """
    mean, covariance = _moments(source)
    aim_mean, aim_covariance = _moments(target)
    matrix = _power(aim_covariance, 0.5) @ _power(covariance, -0.5)  # (B, 3, 3)
    colours = source.flatten(2).double() - mean
    return (matrix @ colours + aim_mean).reshape(source.shape).to(source.dtype)


def _moments(x: Tensor) -> tuple[Tensor, Tensor]:
    colours = x.flatten(2).double()  # (B, 3, H*W)
    mean = colours.mean(dim=2, keepdim=True)
    centred = colours - mean
    return mean, centred @ centred.mT / colours.shape[2]


def _power(covariance: Tensor, exponent: float) -> Tensor:
    values, vectors = torch.linalg.eigh(covariance)
    # A grey picture has no spread in two directions; less than 1/255 is none.
    powers = values.clamp(min=(1 / 255) ** 2).pow(exponent)
    root: Tensor = (vectors * powers[:, None, :]) @ vectors.mT
    return root


def _planes(samples: Samples, orientation: int) -> Tensor:
    """Turn `(H, W, C)` samples into upright `(C, H, W)` in [0, 1]; bytes become floats last."""
    planes = _upright(torch.from_numpy(np.array(samples.transpose(2, 0, 1))), orientation)
    return planes.float().div_(255.0) if samples.dtype == np.uint8 else planes


def _upright(x: Tensor, orientation: int) -> Tensor:
    """Undo how the camera was held: the rows and columns that Exif 2.32, 4.6.4 numbers 1 to 8."""
    if orientation >= 5:
        x = x.mT
    flips = {2: (-1,), 3: (-1, -2), 4: (-2,), 6: (-1,), 7: (-1, -2), 8: (-2,)}
    return x.flip(flips.get(orientation, ())).contiguous()


def _filled(rgb: Tensor, alpha: Tensor) -> Tensor:
    """Give what can't be seen the colours around it (3), since networks see all the same.

    Files have black, white or leftovers there, which would become edges. Down a pyramid colours are
    averaged by their alpha; up again each level fills the holes of the next finer one.
    """
    coloured, weight = rgb * alpha, alpha
    levels = []
    while max(weight.shape[-2:]) > 1:
        coloured, weight = (F.avg_pool2d(x, 2, ceil_mode=True) for x in (coloured, weight))
        levels.append((coloured, weight))
    fill = torch.ones(3, 1, 1)  # a picture of nothing is white
    for coloured, weight in reversed(levels):
        fill = F.interpolate(fill[None], weight.shape[-2:], mode="bilinear")[0]
        fill = torch.where(weight > 0, coloured / weight.clamp(min=1e-12), fill)
    fill = F.interpolate(fill[None], alpha.shape[-2:], mode="bilinear")[0]
    return torch.where(alpha > 0, rgb, fill).clamp_(0.0, 1.0)


def _image(picture: Picture, *, flat: bool) -> Image.Image:
    """Return Pillow's RGB or RGBA; on white if `flat`."""
    rgb, alpha = picture.rgb.detach(), picture.alpha
    if alpha is not None:
        alpha = alpha.detach().to(rgb).clamp(0.0, 1.0)
        rgb = rgb.clamp(0.0, 1.0)
        rgb = rgb * alpha + (1.0 - alpha) if flat else torch.cat([rgb, alpha])
    samples = rgb.clamp(0.0, 1.0).mul(255.0).round().to(torch.uint8)
    return Image.fromarray(samples.permute(1, 2, 0).contiguous().cpu().numpy())


def _save_png(image: Image.Image, file: io.BytesIO, text: str) -> None:
    info = PngImagePlugin.PngInfo()
    info.add(b"sRGB", b"\0")
    info.add_text(KEYWORD, text)
    # Painted pictures hold few repeats beyond runs: measured on three of 0.5 Mpx, run-length
    # matching alone is as small as level 6 (3.43 MB against 3.42) in 0.43 of its time.
    image.save(file, "PNG", pnginfo=info, compress_level=1, compress_type=zlib.Z_RLE)


def _save_jpeg(image: Image.Image, file: io.BytesIO, text: str) -> None:
    # 4:4:4, as dreams are full of fine colour. A segment holds 64 KiB at most.
    exif = _exif(_comment(text, limit=JPEG_COMMENT_BYTES))
    image.save(file, "JPEG", quality=92, subsampling=0, exif=exif)


def _save_webp(image: Image.Image, file: io.BytesIO, text: str) -> None:
    # Measured on three pictures of 0.5 Mpx: lossless WebP is as large as the PNG (3.0 to 3.4 MB)
    # and lossy 0.75 MB, in half the time at method 2 of what method 4 takes for 0.1 % less.
    image.save(file, "WEBP", quality=90, method=2, exif=_exif(_comment(text)))


_SAVERS = {"png": _save_png, "jpeg": _save_jpeg, "webp": _save_webp}


def _exif(comment: bytes) -> bytes:
    exif = Image.Exif()
    exif[SOFTWARE] = "genart"
    exif.get_ifd(EXIF_IFD)[COLOUR_SPACE] = SRGB
    exif.get_ifd(EXIF_IFD)[USER_COMMENT] = comment
    return exif.tobytes()


def _comment(text: str, limit: int | None = None) -> bytes:
    """Return EXIF's user comment; compressed if it is over `limit`.

    Raises:
        ValueError: if it is still over it.
    """
    comment = ASCII + text.encode()
    if limit is not None and len(comment) > limit:
        comment = UNDEFINED + zlib.compress(text.encode(), 9)
        if len(comment) > limit:
            raise ValueError(f"A JPEG can't carry metadata of {len(text):,} bytes")
    return comment


def _read_comment(comment: bytes) -> bytes:
    kind, body = comment[:8], comment[8:]
    if kind == UNDEFINED:
        return zlib.decompressobj().decompress(body, MAX_METADATA_BYTES)
    return body
