import dataclasses
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from genart_core.arts.vae.painter import Painter
from genart_core.arts.vae.request import VaeEditRequest, VaeSampleRequest
from genart_core.artwork import Artwork, Model, Output, Run
from genart_core.errors import ArtError
from genart_core.nn.image import Picture, decode, encode
from tests.support.codes import tiny_model

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


def pixels(output: Output) -> Tensor:
    """Return an output as (3, H, W)."""
    return decode(output.data, max_pixels=10**8).rgb


class FakeRun:
    """A run that remembers what was said to it, and may stop after so many looks."""

    def __init__(
        self, request: VaeSampleRequest | VaeEditRequest, *, stop_at_look: int | None = None
    ) -> None:
        self.request: Any = request
        self.stop_at_look = stop_at_look
        self.looks = 0
        self.wants_preview = False
        self.artwork: Artwork | None = None
        self.failure: tuple[str, str] | None = None
        self.steps: list[tuple[int, int]] = []

    @property
    def stopped(self) -> bool:
        self.looks += 1
        return self.stop_at_look is not None and self.looks >= self.stop_at_look

    def input(self, ref: str) -> bytes:
        files = {
            PHOTO: lambda: png(photo()),
            OTHER: lambda: png(photo(1)),
            BROKEN: lambda: png(photo())[:300],
            WIDE: lambda: png(photo(2, 16, 40)),
        }
        if ref not in files:
            raise ArtError("input_gone", f"The picture {ref} is no longer stored")
        return files[ref]()

    def progress(self, step: int, total: int) -> None:
        self.steps.append((step, total))

    def token(self, sample: int, text: str) -> None:
        raise AssertionError("a picture has no text")

    def preview(self, data: bytes, media_type: str, *, width: int, height: int) -> None:
        raise AssertionError("nothing is shown before it is done")

    def finish(self, artwork: Artwork) -> None:
        assert self.artwork is None
        self.artwork = artwork

    def fail(self, code: str, detail: str) -> None:
        self.failure = (code, detail)

    @property
    def outputs(self) -> list[Tensor]:
        """What was made, each as (3, H, W)."""
        assert self.artwork is not None, self.failure
        return [pixels(output) for output in self.artwork.outputs]

    @property
    def result(self) -> dict[str, Any]:
        assert self.artwork is not None, self.failure
        return self.artwork.result


@dataclasses.dataclass
class FakeWorkbench:
    """A workbench with one model."""

    painter: Painter
    device: str = "cpu"

    def model(self, art: str, name: str, load: Callable[[Path, str], Model]) -> Model:
        assert art == "vae"
        held: Any = self.painter
        model: Model = held
        return model

    def more(self, room: int) -> Sequence[Run]:
        return []


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


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
