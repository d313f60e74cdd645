"""A generator made ready to draw: cast once, channels last, statistics folded, fixed batches."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from genart_core.arts.gan.model import BASE, ClassNorm, Generator, Refinement
from genart_core.arts.gan.stored import restore_generator
from genart_core.arts.gan.truncation import Truncation
from genart_core.nn.device import working_dtype
from genart_core.nn.painting import batch_of, batched

Layers = TypeVar("Layers", nn.ModuleList, nn.Conv2d)

EPSILON = 1e-5  # of torch's batch norm


class Painter:
    """Draws pictures of points, each as if it were alone.

    A picture's class is told as shares `(classes,)`: all of one, or some of several on the way from
    class to class.
    """

    def __init__(
        self,
        network: Generator,
        card: Mapping[str, Any],
        device: str,
        dtype: torch.dtype | None = None,
    ) -> None:
        self.config = network.config
        self.card: Mapping[str, Any] = {
            **card,
            "latent": self.config.latent,
            "size": self.config.size,
        }
        self.device = device
        self.batch = batch_of(device)
        self.truncation = Truncation(network)
        self._network = Prepared(network, dtype or working_dtype(device)).to(device)

    @property
    def classes(self) -> list[str]:
        """The names of its classes."""
        return [str(each["name"]) for each in self.card.get("classes", ())]

    def paint(self, points: Tensor, shares: Tensor) -> Tensor:
        """Return pictures `(N, 3, size, size)` in [0, 1] of points `(N, latent)`."""
        return batched(self._network, points, shares, device=self.device)


class Prepared(nn.Module):
    """The generator's own computation on points and shares of classes, convolutions in `dtype`."""

    def __init__(self, network: Generator, dtype: torch.dtype) -> None:
        super().__init__()
        copy = Generator(network.config)
        copy.load_state_dict(network.state_dict())
        copy.eval().requires_grad_(False)
        self.depth = network.config.depth
        self.start = copy.start
        self.norms = nn.ModuleList(Affine(n) for n in copy.norms if isinstance(n, ClassNorm))
        self.refine = nn.ModuleList(
            Refined(part, dtype) for part in copy.refine if isinstance(part, Refinement)
        )
        self.grow = _cast(copy.grow, dtype)
        self.paint = _cast(copy.paint, dtype)
        self.dtype = dtype

    def forward(self, points: Tensor, shares: Tensor) -> Tensor:
        """Return pictures in [0, 1]."""
        x = self.start(points).unflatten(1, (-1, BASE, BASE))
        x = x.to(self.dtype).contiguous(memory_format=torch.channels_last)
        for scale, norm in enumerate(self.norms):
            if scale:
                x = self.grow[scale - 1](x)
            x = norm(x, shares).relu_()
            for refined in self.refine[scale * self.depth : (scale + 1) * self.depth]:
                x = refined(x, shares)
        images: Tensor = self.paint(x).float().tanh().add(1.0).mul(0.5)
        return images


class Affine(nn.Module):
    """A class norm's gain and bias, with what it knows of mean and variance folded in."""

    gain: Tensor
    bias: Tensor

    def __init__(self, norm: ClassNorm) -> None:
        super().__init__()
        gain = norm.gain * (norm.variance + EPSILON).rsqrt()
        self.register_buffer("gain", gain)
        self.register_buffer("bias", norm.bias - norm.mean * gain)

    def forward(self, x: Tensor, shares: Tensor) -> Tensor:
        """Return `(B, C, H, W)` scaled and moved, for shares `(B, classes)`."""
        gain, bias = (shares @ t for t in (self.gain, self.bias))
        gain, bias = (t.to(x.dtype)[:, :, None, None] for t in (gain, bias))
        return torch.addcmul(bias, x, gain)


class Refined(nn.Module):
    """A refinement, likewise."""

    def __init__(self, refinement: Refinement, dtype: torch.dtype) -> None:
        super().__init__()
        self.convolution = _cast(refinement.convolution, dtype)
        self.norm = Affine(refinement.norm)

    def forward(self, x: Tensor, shares: Tensor) -> Tensor:
        """Return `x` refined."""
        refined: Tensor = self.norm(self.convolution(x), shares)
        return refined.add_(x).relu_()


def load_painter(path: Path, device: str) -> Painter:
    """Return a stored generator, ready on a device.

    Raises:
        DamagedWeightsError: if the file is none.
    """
    return Painter(*restore_generator(path), device)


def _cast(module: Layers, dtype: torch.dtype) -> Layers:
    return module.to(dtype).to(memory_format=torch.channels_last)
