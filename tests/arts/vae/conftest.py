import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from genart_core.arts.vae.painter import Painter
from genart_core.arts.vae.request import VaeEditRequest, VaeSampleRequest
from genart_core.nn.image import Picture, encode
from tests.support.codes import tiny_model
from tests.support.runs import OneModel, PictureRun

PHOTO = f"asset:{'a' * 64}"
OTHER = f"asset:{'b' * 64}"
BROKEN = f"asset:{'c' * 64}"
WIDE = f"asset:{'d' * 64}"


def photo(seed: int = 0, height: int = 16, width: int = 16) -> Tensor:
    """Return a picture (3, H, W) of 8-bit values."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (3, height, width), generator=generator) / 255.0


def png(image: Tensor) -> bytes:
    """Return a picture (3, H, W) as a file."""
    return encode(Picture(image), "png", metadata={}).data


class FakeRun(PictureRun):
    """A run that can read pictures: whole, wide and damaged ones."""

    def __init__(
        self, request: VaeSampleRequest | VaeEditRequest, *, stop_at_look: int | None = None
    ) -> None:
        files = {
            PHOTO: png(photo()),
            OTHER: png(photo(1)),
            BROKEN: png(photo())[:300],
            WIDE: png(photo(2, 16, 40)),
        }
        super().__init__(request, files, stop_at_look=stop_at_look)


class FakeWorkbench(OneModel):
    """A workbench with one painter."""

    art = "vae"


@pytest.fixture(scope="session")
def painter() -> Painter:
    return Painter(tiny_model(), "cpu", torch.float32)


@pytest.fixture
def workbench(painter: Painter) -> FakeWorkbench:
    return FakeWorkbench(painter)


COLOURS = {"red": (200, 40, 40), "blue": (40, 40, 200)}


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """A folder of 60 flat faces whose attributes are known: size, hat and colour."""
    random = np.random.default_rng(0)
    folder = tmp_path / "faces"
    folder.mkdir()
    lines = ["file,hat,colour,size"]
    for number in range(60):
        colour = ("none", "red", "blue")[random.integers(3)]
        hat, size = int(random.integers(2)), float(random.uniform(4, 7))
        pixels = np.full((20, 16, 3), 220, dtype=np.uint8)
        y, x = np.mgrid[-10:10, -8:8]
        pixels[x**2 + y**2 < size**2] = COLOURS.get(colour, (120, 120, 120))
        pixels[2:6, 4:12] = (20, 120, 20) if hat else (220, 220, 220)
        Image.fromarray(pixels).save(folder / f"{number:03d}.png")
        lines.append(f"{number:03d}.png,{hat},{colour},{size:.3f}")
    (folder / "labels.csv").write_text("\n".join(lines))
    return folder


def frames(data: bytes) -> list[np.ndarray[Any, Any]]:
    """Return the frames of an animated file."""
    with Image.open(io.BytesIO(data)) as film:
        found = []
        for number in range(getattr(film, "n_frames", 1)):
            film.seek(number)
            found.append(np.asarray(film.convert("RGB")))
        return found
