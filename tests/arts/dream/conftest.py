import math
from typing import Any

import pytest
import torch
from torch import Tensor

from genart_core.arts.dream.request import DreamRequest
from genart_core.nn.features import Network
from genart_core.nn.image import Picture, encode
from tests.support.features import tiny_network
from tests.support.runs import OneModel, PictureRun

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
    return run.outputs[0][None]


def distance(one: Tensor, other: Tensor) -> float:
    """Return the mean difference of two pictures, in values of [0, 1]."""
    return float((one - other).abs().mean())


class FakeRun(PictureRun):
    """A run of `dream` whose previews are wanted, on a photo, with little to do."""

    def __init__(self, *, stop_at_look: int | None = None, **fields: Any) -> None:
        files = {
            PHOTO: png(photo()),
            GUIDE: png(stripes()),
            BROKEN: png(photo())[:600],
            SLIVER: png(photo(2, 100)),
            CUT_OUT: png(photo(), (photo()[0, :1] > 0.5).float()),
        }
        request = DreamRequest(**{**QUICK, "image": PHOTO, **fields})
        super().__init__(request, files, stop_at_look=stop_at_look, wants_preview=True)


class FakeWorkbench(OneModel):
    """A workbench with one network."""

    art = "features"


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return tiny_network(tmp_path_factory.mktemp("models"))


@pytest.fixture
def workbench(network: Network) -> FakeWorkbench:
    return FakeWorkbench(network)
