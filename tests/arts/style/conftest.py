from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from genart_core.arts.style.generate import generate
from genart_core.arts.style.layers import Layers, choose_layers
from genart_core.arts.style.request import StyleRequest
from genart_core.nn.features import Network, load_network
from genart_core.nn.image import Picture, encode
from tests.support.features import in_float32, tiny_network, write_tiny_network
from tests.support.runs import OneModel, PictureRun

SIDE = 64


def landscape(height: int = SIDE, width: int = SIDE) -> Tensor:
    """Return a sky, a sun and a dark hill `(3, H, W)`, all rippled.

    Where a picture is flat, rounding decides which place of a pooling is the largest.
    """
    y = torch.linspace(0.0, 1.0, height)[:, None].expand(height, width)
    x = torch.linspace(0.0, 1.0, width)[None].expand(height, width)
    sky = torch.stack([0.3 + 0.4 * y, 0.5 + 0.2 * y, 0.9 - 0.3 * y])
    sun = ((x - 0.7) ** 2 + (y - 0.3) ** 2 < 0.02).float()
    hill = (y > 0.75 - 0.25 * torch.sin(3.0 * x)).float()
    sky = torch.lerp(sky, torch.tensor([1.0, 0.9, 0.3])[:, None, None].expand_as(sky), sun)
    plain = torch.lerp(sky, torch.tensor([0.15, 0.3, 0.1])[:, None, None].expand_as(sky), hill)
    ripples = torch.sin(45.0 * x + 60.0 * y) + torch.sin(130.0 * x - 40.0 * y)
    return (plain + 0.04 * ripples).clamp(0.0, 1.0)


def stripes(
    colour: tuple[float, float, float], period: int = 6, height: int = SIDE, width: int = SIDE
) -> Tensor:
    """Return slanted stripes of a colour on black `(3, H, W)`."""
    place = torch.arange(height)[:, None] + torch.arange(width)[None]
    wave = 0.5 + 0.5 * torch.sin(2.0 * torch.pi * place / period)
    return wave * torch.tensor(colour)[:, None, None]


RED, BLUE = (0.9, 0.2, 0.1), (0.1, 0.2, 0.9)


def file_of(rgb: Tensor, alpha: Tensor | None = None) -> bytes:
    return encode(Picture(rgb, alpha), "png", metadata={}).data


class FakeRun(PictureRun):
    """A run of `style` on pictures given as they are, with little to do."""

    def __init__(
        self,
        content: bytes | Tensor,
        *styles: bytes | Tensor,
        masks: tuple[Tensor, ...] = (),
        stop_after: int | None = None,
        wants_preview: bool = False,
        **fields: Any,
    ) -> None:
        files: dict[str, bytes] = {}

        def kept(picture: bytes | Tensor) -> str:
            data = picture if isinstance(picture, bytes) else file_of(picture)
            reference = f"asset:{sha256(data).hexdigest()}"
            files[reference] = data
            return reference

        quick = {"seed": 1, "size": SIDE, "iterations": 4, "scales": 1, "model": "tiny"}
        request = StyleRequest(
            content=kept(content),
            style=[kept(style) for style in styles],
            masks=[kept(mask.expand(3, -1, -1)) for mask in masks],
            **{**quick, **fields},
        )
        super().__init__(request, files, stop_after=stop_after, wants_preview=wants_preview)

    @property
    def file(self) -> bytes:
        assert self.artwork is not None, self.failure
        (output,) = self.artwork.outputs
        return output.data

    @property
    def picture(self) -> Tensor:
        return self.outputs[0]

    @property
    def losses(self) -> Mapping[str, list[float]]:
        losses: dict[str, list[float]] = self.result["losses"]
        return losses


class FakeWorkbench(OneModel):
    """A workbench with one network, which computes in float32 on every processor."""

    art = "features"

    def __init__(self, path: Path) -> None:
        super().__init__(in_float32(load_network(path, "cpu")))


Paint = Callable[..., FakeRun]


@pytest.fixture(scope="session")
def network(tmp_path_factory: pytest.TempPathFactory) -> Network:
    return tiny_network(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def layers(network: Network) -> Layers:
    return choose_layers(None, None, known_layers(network))


def known_layers(network: Network) -> list[dict[str, Any]]:
    return [
        {"name": name, "channels": layer.channels, "stride": layer.stride}
        for name, layer in network.layers.items()
    ]


@pytest.fixture(scope="session")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> FakeWorkbench:
    return FakeWorkbench(write_tiny_network(tmp_path_factory.mktemp("models") / "tiny.safetensors"))


@pytest.fixture
def paint(workbench: FakeWorkbench) -> Paint:
    """Return what makes a run of pictures and fields, and lets it be painted."""

    def painted(*pictures: bytes | Tensor, **fields: Any) -> FakeRun:
        run = FakeRun(*pictures, **fields)
        generate([run], workbench)
        return run

    return painted


def numbers(seed: int, *shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
