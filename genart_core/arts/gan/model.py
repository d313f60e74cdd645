"""The two players: a generator of pictures, and a discriminator that tells them from real ones.

1. Goodfellow et al., Generative adversarial networks, arXiv:1406.2661
2. Radford, Metz & Chintala, DCGAN, arXiv:1511.06434
3. Miyato et al., Spectral normalization for GANs, arXiv:1802.05957
4. Miyato & Koyama, cGANs with projection discriminator, arXiv:1802.05637

Differs from the papers: between two doublings a residual 3x3 convolution can refine the picture
(`depth`), and the class chooses gain and bias of each batch norm directly, without a shared
embedding.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BASE = 4  # pixels a side of the coarsest scale
LEAK = 0.2
DEVIATION = 0.02  # of all weights at the start (2)
MOMENTUM = 0.1
SIZES = (8, 16, 32, 64)


@dataclass(frozen=True)
class Config:
    """A generator: numbers of latents, of channels at the finest scale, and of classes.

    Channels double from scale to scale towards the coarse ones. `classes` 0 is for pictures without
    classes. `depth` is how many residual convolutions refine each scale.
    """

    size: int = 32
    latent: int = 128
    width: int = 32
    depth: int = 1
    classes: int = 0

    def __post_init__(self) -> None:
        if self.size not in SIZES:
            raise ValueError(f"Pictures are {self.size} px a side; possible are {SIZES}")

    @property
    def scales(self) -> int:
        """Return how often a side is doubled."""
        return int(math.log2(self.size // BASE))


@dataclass(frozen=True)
class Critic:
    """A discriminator: channels at the finest scale, and what holds it in check."""

    size: int = 32
    width: int = 48
    depth: int = 0
    classes: int = 0
    spectral: bool = True


class ClassNorm(nn.Module):
    """Batch norm whose gain and bias belong to the class (de Vries et al., arXiv:1707.00683)."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.momentum = MOMENTUM
        self.gain = nn.Parameter(torch.ones(max(1, classes), channels))
        self.bias = nn.Parameter(torch.zeros(max(1, classes), channels))
        self.mean: Tensor
        self.variance: Tensor
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("variance", torch.ones(channels))

    def forward(self, x: Tensor, classes: Tensor) -> Tensor:
        """Return `(B, C, H, W)` normalised, for classes `(B,)`."""
        if len(self.gain) == 1:
            gain, bias = self.gain[0], self.bias[0]
            return F.batch_norm(
                x, self.mean, self.variance, gain, bias, self.training, self.momentum
            )
        x = F.batch_norm(x, self.mean, self.variance, None, None, self.training, self.momentum)
        gain, bias = self.gain[classes].to(x.dtype), self.bias[classes].to(x.dtype)
        return torch.addcmul(bias[:, :, None, None], x, gain[:, :, None, None])


class Generator(nn.Module):
    """Latents `(B, Z)` and classes `(B,)` to pictures `(B, 3, size, size)` in [-1, 1]."""

    def __init__(self, config: Config, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.config = config
        widths = [config.width * 2**n for n in range(config.scales, -1, -1)]
        self.start = nn.Linear(config.latent, widths[0] * BASE * BASE, bias=False)
        self.norms = nn.ModuleList(ClassNorm(width, config.classes) for width in widths)
        self.grow = nn.ModuleList(
            nn.ConvTranspose2d(coarse, fine, 4, 2, 1, bias=False)
            for coarse, fine in zip(widths, widths[1:], strict=False)
        )
        self.refine = nn.ModuleList(
            Refinement(width, config.classes) for width in widths for _ in range(config.depth)
        )
        self.paint = nn.Conv2d(widths[-1], 3, 3, padding=1)
        _initialise(self, generator)

    def forward(self, latents: Tensor, classes: Tensor) -> Tensor:
        """Return what the generator sees in latents."""
        return torch.tanh(self.paint(self.features(latents, classes, len(self.norms))))

    def features(self, latents: Tensor, classes: Tensor, scales: int) -> Tensor:
        """Return what it has seen `(B, C, H, W)` after so many scales, from 1 on."""
        x: Tensor = self.start(latents).unflatten(1, (-1, BASE, BASE))
        depth = self.config.depth
        for scale, norm in enumerate(self.norms[:scales]):
            if scale:
                x = self.grow[scale - 1](x)
            x = norm(x, classes).relu_()
            for refinement in self.refine[scale * depth : (scale + 1) * depth]:
                x = refinement(x, classes)
        return x


class Refinement(nn.Module):
    """A residual 3x3 convolution within a scale."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm = ClassNorm(width, classes)

    def forward(self, x: Tensor, classes: Tensor) -> Tensor:
        """Return `x` refined; never negative, as `x` is."""
        return F.relu(x + self.norm(self.convolution(x), classes))


class Spectral(nn.Module):
    """A layer whose weight is divided by its largest singular value (3).

    One step of power iteration per training pass keeps `u` near the first left singular vector.
    """

    def __init__(self, layer: nn.Conv2d | nn.Linear | nn.Embedding) -> None:
        super().__init__()
        self.layer = layer
        self.u: Tensor
        self.register_buffer("u", torch.ones(len(layer.weight)) / len(layer.weight) ** 0.5)

    def weight(self) -> Tensor:
        """Return the weight, of spectral norm 1."""
        matrix = self.layer.weight.flatten(1)
        with torch.autocast(matrix.device.type, enabled=False):
            with torch.no_grad():
                v = F.normalize(matrix.t() @ self.u, dim=0)
                u = F.normalize(matrix @ v, dim=0)
                if self.training:
                    self.u = u
            sigma: Tensor = u @ matrix @ v
            return self.layer.weight / sigma

    def forward(self, x: Tensor) -> Tensor:
        """Return what the layer with that weight makes of `x`."""
        layer, weight = self.layer, self.weight()
        if isinstance(layer, nn.Embedding):
            return F.embedding(x, weight)
        if isinstance(layer, nn.Linear):
            return F.linear(x, weight, layer.bias)
        return F.conv2d(x, weight, layer.bias, layer.stride, layer.padding)


class Discriminator(nn.Module):
    """Pictures `(B, 3, size, size)` in [-1, 1] and classes `(B,)` to logits `(B,)`: real if > 0.

    With spectral norm it sums features over the picture and has no batch norm (3); without, it is
    DCGAN's: batch norm after all but the first convolution, and a last one over all places (2).
    """

    def __init__(self, config: Critic, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.config = config
        scales = int(math.log2(config.size // BASE))
        widths = [config.width * 2**n for n in range(scales)]
        layers: list[nn.Module] = []
        inputs = 3
        for place, width in enumerate(widths):
            shrink = nn.Conv2d(inputs, width, 4, 2, 1, bias=config.spectral)
            layers += self._unit(shrink, has_norm=place > 0)
            for _ in range(config.depth):
                keep = nn.Conv2d(width, width, 3, padding=1, bias=config.spectral)
                layers += self._unit(keep, has_norm=True)
            inputs = width
        self.features = nn.Sequential(*layers)
        places = 1 if config.spectral else BASE * BASE
        self.head = self._held(nn.Linear(inputs * places, 1))
        self.embedding: nn.Module | None = None
        if config.classes:
            self.embedding = self._held(nn.Embedding(config.classes, inputs * places))
        _initialise(self, generator)

    def forward(self, images: Tensor, classes: Tensor) -> Tensor:
        """Return the logits."""
        x = self.features(images)
        x = x.sum((2, 3)) if self.config.spectral else x.flatten(1)
        logits: Tensor = self.head(x)[:, 0]
        if self.embedding is not None:
            logits = logits + (self.embedding(classes) * x).sum(1)
        return logits.float()

    def _unit(self, layer: nn.Conv2d, *, has_norm: bool) -> list[nn.Module]:
        if self.config.spectral:
            return [Spectral(layer), nn.LeakyReLU(LEAK, inplace=True)]
        norm: list[nn.Module] = [nn.BatchNorm2d(layer.out_channels)] if has_norm else []
        return [layer, *norm, nn.LeakyReLU(LEAK, inplace=True)]

    def _held(self, layer: nn.Linear | nn.Embedding) -> nn.Module:
        return Spectral(layer) if self.config.spectral else layer


@contextmanager
def statistics_kept(network: nn.Module, momentum: float = 0.0) -> Iterator[None]:
    """Let forward passes inside move the statistics of class norms by `momentum` only."""
    norms = [module for module in network.modules() if isinstance(module, ClassNorm)]
    for norm in norms:
        norm.momentum = momentum
    try:
        yield
    finally:
        for norm in norms:
            norm.momentum = MOMENTUM


def _initialise(network: nn.Module, generator: torch.Generator | None) -> None:
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.Embedding):
                module.weight.normal_(0.0, DEVIATION, generator=generator)
                if getattr(module, "bias", None) is not None:
                    module.bias.zero_()  # type: ignore[union-attr, operator]  # an embedding has none
            if isinstance(module, Spectral):
                direction = torch.randn(module.u.shape, generator=generator)
                module.u = F.normalize(direction, dim=0)


def config_of(facts: Mapping[str, Any]) -> Config:
    """Return the configuration that a file's metadata tells.

    Raises:
        ValueError: if it is none.
    """
    try:
        return Config(**{str(name): int(value) for name, value in facts.items()})
    except TypeError as error:
        raise ValueError(f"this is no generator's configuration: {error}") from error
