"""What the tests of pictures read, and what they compare."""

from typing import Any

import numpy as np
import torch

from genart_core.nn.image import Picture, decode
from tests.support.pictures import files

FILES = files()
ROOM = 100_000
STEP = 1 / 255


def read(data: bytes) -> Picture:
    return decode(data, max_pixels=ROOM)


def levels(picture: Picture) -> np.ndarray[Any, Any]:
    """Return the picture as 8-bit `(H, W, 3)`."""
    return (picture.rgb * 255).round().byte().permute(1, 2, 0).numpy()


def noise(height: int = 20, width: int = 30, seed: int = 0) -> torch.Tensor:
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(seed))
