"""A convolutional variational autoencoder.

1. Kingma & Welling, Auto-encoding variational Bayes, arXiv:1312.6114.
2. Odena, Dumoulin, Olah, Deconvolution and checkerboard artifacts, Distill 2016 (enlarge to the
   nearest, then convolve).
3. Hendrycks & Gimpel, Gaussian error linear units, arXiv:1606.08415 (SiLU).

Differs from 1: convolutions with SiLU; the decoder gives the logits of pixel values in [0, 1].
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GAIN = math.sqrt(2.0)  # SiLU halves the variance of what it is given, nearly as a rectifier does
# Beyond, exp would leave the numbers that gradients can be taken of.
LOG_VARIANCES = (-12.0, 6.0)


@dataclass(frozen=True)
class Config:
    """The shape of a network: square pictures of `size` pixels and `channels` (1 grey, 3 colour).

    `widths` are the channels at full size, at half of it and so on; `latent` the numbers that a
    picture is told by.
    """

    size: int = 64
    channels: int = 3
    latent: int = 64
    widths: tuple[int, ...] = (24, 48, 96, 192, 192)

    def __post_init__(self) -> None:
        halvings = len(self.widths) - 1
        if halvings < 1 or self.size % 2**halvings:
            raise ValueError(f"A size of {self.size} px can't be halved {halvings} times")

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Config":
        """Return the configuration that a file's metadata tells."""
        values: dict[str, Any] = dict(facts)
        return cls(**{**values, "widths": tuple(values["widths"])})

    @classmethod
    def sized(cls, size: int, *, channels: int, latent: int, width: int) -> "Config":
        """Return a network of `width` channels at full size, doubled up to thrice, down to 4-7 px.

        Raises:
            ValueError: if the size can't be halved down to there.
        """
        halvings = 0
        while size % 2 ** (halvings + 1) == 0 and size // 2 ** (halvings + 1) >= 4:
            halvings += 1
        if halvings < 1 or size // 2**halvings > 7:
            raise ValueError(
                f"The size is {size} px but must be 4 to 7 times a power of two, as 28, 32, 64 are"
            )
        widths = tuple(width * 2 ** min(i, 3) for i in range(halvings + 1))
        return cls(size, channels, latent, widths)

    @property
    def smallest(self) -> int:
        """Return the side of the smallest maps in pixels."""
        return self.size >> (len(self.widths) - 1)


class Autoencoder(nn.Module):
    """An encoder to the mean and log-variance of a Gaussian, and a decoder of what is drawn."""

    def __init__(self, config: Config, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                _initialise(module, generator)

    def forward(self, images: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return the logits of a reconstruction, the mean and the log-variance.

        `images` are `(B, C, size, size)` in [0, 1], `noise` is standard normal `(B, latent)`.
        """
        mu, log_var = self.encoder(images)
        return self.decoder(reparameterise(mu, log_var, noise)), mu, log_var


class Encoder(nn.Module):
    """Convolutions of stride 2 and a dense layer, which is computed in float32."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        widths = (config.channels, *config.widths[1:])
        self.convolutions = nn.ModuleList(
            nn.Conv2d(inputs, outputs, 3, stride=2, padding=1)
            for inputs, outputs in zip(widths, widths[1:], strict=False)
        )
        self.head = nn.Linear(config.widths[-1] * config.smallest**2, 2 * config.latent)

    @property
    def dtype(self) -> torch.dtype:
        """What the convolutions compute in."""
        return next(self.convolutions.parameters()).dtype

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance `(B, latent)` of images `(B, C, size, size)` in [0, 1]."""
        x = (images - 0.5).to(self.dtype)
        for convolution in self.convolutions:
            x = F.silu(convolution(x))
        with torch.autocast(x.device.type, enabled=False):
            mu, log_var = self.head(x.flatten(1).float()).chunk(2, dim=1)
        return mu, log_var.clamp(*LOG_VARIANCES)


class Decoder(nn.Module):
    """A dense layer in float32, enlargements by 2 with a convolution each, a last convolution."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.shape = (config.widths[-1], config.smallest, config.smallest)
        self.head = nn.Linear(config.latent, math.prod(self.shape))
        widths = config.widths[::-1]
        self.enlargements = nn.ModuleList(
            Enlargement(inputs, outputs)
            for inputs, outputs in zip(widths, widths[1:], strict=False)
        )
        self.last = nn.Conv2d(config.widths[0], config.channels, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        """Return the logits `(B, C, size, size)` of what codes `z` `(B, latent)` stand for."""
        with torch.autocast(z.device.type, enabled=False):
            x = F.silu(self.head(z.float())).view(len(z), *self.shape)
        x = x.to(self.last.weight.dtype, memory_format=torch.channels_last)
        for enlargement in self.enlargements:
            x = F.silu(enlargement(x))
        logits: Tensor = self.last(x)
        return logits


class Enlargement(nn.Conv2d):
    """Enlarge by 2 to the nearest, then convolve with 3x3 (2): no checkerboard can be learned.

    Computed as the transposed convolution that equals both, with 16 instead of 36 products a place.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Return `(B, outputs, 2H, 2W)` of `(B, inputs, H, W)`."""
        return F.conv_transpose2d(x, self.spread(), self.bias, stride=2, padding=1)

    def as_transposed(self) -> nn.ConvTranspose2d:
        """Return the layer that computes the same, its kernel made once."""
        layer = nn.ConvTranspose2d(self.in_channels, self.out_channels, 4, stride=2, padding=1)
        state = {"weight": self.spread(), "bias": self.bias}
        layer.load_state_dict({name: t.detach() for name, t in state.items() if t is not None})
        return layer

    def spread(self) -> Tensor:
        """Return the kernel `(inputs, outputs, 4, 4)`: each tap serves two rows and two columns."""
        kernel = self.weight.transpose(0, 1).flip(2, 3)
        kernel = F.pad(kernel, (0, 0, 0, 1)) + F.pad(kernel, (0, 0, 1, 0))
        return F.pad(kernel, (0, 1)) + F.pad(kernel, (1, 0))


def reparameterise(mu: Tensor, log_var: Tensor, noise: Tensor) -> Tensor:
    """Return the draw of N(mu, exp(log_var)) that standard normal `noise` stands for (1, 2.4)."""
    return mu + torch.exp(0.5 * log_var) * noise


def _initialise(layer: nn.Conv2d | nn.Linear, generator: torch.Generator | None) -> None:
    """Draw weights that keep the variance of activations (He et al., arXiv:1502.01852)."""
    fan_in = layer.weight[0].numel()
    with torch.no_grad():
        layer.weight.normal_(0.0, GAIN / math.sqrt(fan_in), generator=generator)
        if layer.bias is not None:
            layer.bias.zero_()
