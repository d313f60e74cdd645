"""Changes of real and drawn pictures alike, through which gradients reach the generator.

Zhao et al., Differentiable augmentation for data-efficient GAN training, arXiv:2006.10738.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from genart_core.arts.gan.recipe import Change

SHIFT = 1 / 8  # of a side, the farthest that a picture is moved
HOLE = 1 / 2  # of a side, the side of what is cut out


def augment(images: Tensor, changes: Sequence[Change], generator: torch.Generator) -> Tensor:
    """Return images `(B, 3, H, W)` in [-1, 1], each changed in its own way."""
    for change in changes:
        images = _CHANGES[change](images, generator)
    return images


def color(images: Tensor, generator: torch.Generator) -> Tensor:
    """Change brightness by up to 0.5 either way, saturation up to twofold, contrast by half."""
    drawn = torch.rand(3, len(images), 1, 1, 1, generator=generator)
    brightness, saturation, contrast = drawn.to(images.device).unbind(0)
    images = images + (brightness - 0.5)
    grey = images.mean(1, keepdim=True)
    images = (images - grey) * (2.0 * saturation) + grey
    mean = images.mean((1, 2, 3), keepdim=True)
    return (images - mean) * (contrast + 0.5) + mean


def translation(images: Tensor, generator: torch.Generator) -> Tensor:
    """Move each picture by up to an eighth either way; what comes in is grey."""
    count, _, height, width = images.shape
    down = _shifts(height, count, generator)
    across = _shifts(width, count, generator)
    padded = F.pad(images, (1, 1, 1, 1)).permute(0, 2, 3, 1)
    rows = (torch.arange(height) + down[:, None] + 1).clamp(0, height + 1)
    columns = (torch.arange(width) + across[:, None] + 1).clamp(0, width + 1)
    places = torch.arange(count)[:, None, None]
    places, rows, columns = (part.to(images.device) for part in (places, rows, columns))
    return padded[places, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def cutout(images: Tensor, generator: torch.Generator) -> Tensor:
    """Grey out a square of half a side; part of it may lie outside."""
    count, _, height, width = images.shape
    masks = []
    for side in (height, width):
        hole = int(side * HOLE + 0.5)
        centres = torch.randint(0, side + (1 - hole % 2), (count, 1), generator=generator)
        places = torch.arange(side)[None]
        masks.append((places >= centres - hole // 2) & (places < centres - hole // 2 + hole))
    hidden = masks[0][:, None, :, None] & masks[1][:, None, None, :]
    return images * ~hidden.to(images.device)


def _shifts(side: int, count: int, generator: torch.Generator) -> Tensor:
    most = int(side * SHIFT + 0.5)
    return torch.randint(-most, most + 1, (count,), generator=generator)


_CHANGES = {"color": color, "translation": translation, "cutout": cutout}
