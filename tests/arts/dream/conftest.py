import dataclasses
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from genart_core.arts.dream.request import DreamRequest
from genart_core.artwork import Artwork, Model, Run
from genart_core.errors import ArtError
from genart_core.nn.features import Network
from genart_core.nn.image import Picture, decode, encode
from tests.support.features import tiny_network

PHOTO = f"asset:{'a' * 64}"
GUIDE = f"asset:{'b' * 64}"
BROKEN = f"asset:{'c' * 64}"
CUT_OUT = f"asset:{'d' * 64}"
SLIVER = f"asset:{'f' * 64}"
# Few and small steps: what they show is seen on a tiny network as well.
QUICK = {"seed": 1, "size": 64, "octaves": 2, "iterations": 3, "jitter": 4}


def photo(height: int = 48, width: int = 64) -> Tensor:
    """Return a picture (1, 3, H, W) with a bright disc before a shaded sky, both rippled.

    Where a picture is flat, rounding decides which place of a pooling is the largest, and with it
    where a dream goes.
    """
    y = torch.linspace(0, 1, height).view(-1, 1).expand(height, width)
    x = torch.linspace(0, 1, width).view(1, -1).expand(height, width)
    disc = ((x - 0.4) ** 2 + (y - 0.5) ** 2 < 0.06).float()
    sky = torch.stack([0.3 + 0.2 * x, 0.3 + 0.3 * y, 0.7 - 0.3 * y])
    plain = sky * (1 - disc) + torch.tensor([0.85, 0.7, 0.3]).view(3, 1, 1) * disc
    ripples = torch.sin(45.0 * x + 60.0 * y) + torch.sin(130.0 * x - 40.0 * y)
    return (plain + 0.03 * ripples).clamp(0.0, 1.0)[None]


def stripes(side: int = 64) -> Tensor:
    """Return a picture (1, 3, side, side) of slanted stripes."""
    y, x = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    wave = 0.5 + 0.5 * torch.sin((x + 2 * y) * (2 * math.pi / 9))
    return torch.stack([wave, 1 - wave, wave * 0.5])[None]


def png(image: Tensor, alpha: Tensor | None = None) -> bytes:
    """Return a picture (1, 3, H, W) as a file."""
    return encode(Picture(image[0], alpha), "png", metadata={}).data


def pixels(run: "FakeRun") -> Tensor:
    """Return what a run made, as (1, 3, H, W)."""
    assert run.artwork is not None, run.failure
    return decode(run.artwork.outputs[0].data, max_pixels=10**8).rgb[None]


def distance(one: Tensor, other: Tensor) -> float:
    """Return the mean difference of two pictures, in values of [0, 1]."""
    return float((one - other).abs().mean())


class FakeRun:
    """A run that remembers what was said to it, and may stop after so many looks."""

    def __init__(self, *, stop_at_look: int | None = None, **fields: Any) -> None:
        self.request = DreamRequest(**{**QUICK, "image": PHOTO, **fields})
        self.stop_at_look = stop_at_look
        self.looks = 0
        self.wants_preview = True
        self.artwork: Artwork | None = None
        self.failure: tuple[str, str] | None = None
        self.steps: list[tuple[int, int]] = []
        self.previews: list[tuple[bytes, str, int, int]] = []

    @property
    def stopped(self) -> bool:
        self.looks += 1
        return self.stop_at_look is not None and self.looks >= self.stop_at_look

    def input(self, ref: str) -> bytes:
        files = {
            PHOTO: lambda: png(photo()),
            GUIDE: lambda: png(stripes()),
            BROKEN: lambda: png(photo())[:600],
            SLIVER: lambda: png(photo(2, 100)),
            CUT_OUT: lambda: png(photo(), (photo()[0, :1] > 0.5).float()),
        }
        if ref not in files:
            raise ArtError("input_gone", f"The picture {ref} is no longer stored")
        return files[ref]()

    def progress(self, step: int, total: int) -> None:
        self.steps.append((step, total))

    def token(self, sample: int, text: str) -> None:
        raise AssertionError("a dream has no text")

    def preview(self, data: bytes, media_type: str, *, width: int, height: int) -> None:
        self.previews.append((data, media_type, width, height))

    def finish(self, artwork: Artwork) -> None:
        assert self.artwork is None
        self.artwork = artwork

    def fail(self, code: str, detail: str) -> None:
        self.failure = (code, detail)

    @property
    def result(self) -> dict[str, Any]:
        assert self.artwork is not None, self.failure
        return self.artwork.result


@dataclasses.dataclass
class FakeWorkbench:
    """A workbench with one network."""

    network: Network
    device: str = "cpu"

    def model(self, art: str, name: str, load: Callable[[Path, str], Model]) -> Model:
        assert art == "features"
        held: Any = self.network
        model: Model = held
        return model

    def more(self, room: int) -> Sequence[Run]:
        return []


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return tiny_network(tmp_path_factory.mktemp("models"))


@pytest.fixture
def workbench(network: Network) -> FakeWorkbench:
    return FakeWorkbench(network)
