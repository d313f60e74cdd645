"""Several pictures on one sheet."""

import io
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from genart_core.nn.checkpoint import write_atomically

GAP = 2  # white pixels between two pictures


def arrange(images: Tensor, columns: int, *, gap: int = GAP) -> Tensor:
    """Return a sheet `(C, height, width)` of images `(N, C, h, w)` in rows, on white."""
    rows = -(-len(images) // columns)
    empty = images.new_ones(rows * columns - len(images), *images.shape[1:])
    padded = F.pad(torch.cat([images, empty]), (0, gap, 0, gap), value=1.0)
    _, channels, height, width = padded.shape
    grid = padded.reshape(rows, columns, channels, height, width).permute(2, 0, 3, 1, 4)
    sheet = grid.reshape(channels, rows * height, columns * width)
    return sheet[:, : rows * height - gap, : columns * width - gap]


def write_sheet(path: Path, images: Tensor, *, columns: int) -> None:
    """Write images `(N, 1 or 3, h, w)` in [0, 1] as a PNG."""
    sheet = arrange(images, columns).clamp(0.0, 1.0).mul(255.0).round().to(torch.uint8)
    pixels = sheet.permute(1, 2, 0).contiguous().numpy()
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels).save(file, "PNG")
    write_atomically(path, file.getvalue())
