"""An autoencoder made ready to encode and decode: cast once, channels last, in fixed batches."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from genart_core.arts.vae.model import Autoencoder, Decoder, Enlargement
from genart_core.arts.vae.reach import Reach
from genart_core.arts.vae.stored import StoredModel, load_model
from genart_core.nn.device import working_dtype
from genart_core.nn.painting import batch_of, batched

# Of an enlargement's four taps, those on a window's first and second place, for its two pixels.
TAPS = torch.tensor([[2, 0], [3, 1]])


class Painter:
    """Encodes pictures and decodes points, each as if it were alone."""

    def __init__(self, model: StoredModel, device: str, dtype: torch.dtype | None = None) -> None:
        self.model = model
        self.device = device
        self.config = model.network.config
        self.batch = batch_of(device)
        self.prior = model.mixture.gaussian()
        names = [str(each["name"]) for each in self.card.get("concepts", ())]
        self.reach = Reach.of(names, model.concepts, model.mixture)
        self._network = Prepared(model.network, dtype or working_dtype(device)).to(device)

    @property
    def card(self) -> Mapping[str, Any]:
        """What is known of the model."""
        return {**self.model.card, "latent": self.config.latent, "size": self.config.size}

    def encode(self, images: Tensor) -> Tensor:
        """Return the means `(N, latent)` of images `(N, C, size, size)` in [0, 1]."""
        return batched(lambda x: self._network.encoder(x)[0], images, device=self.device)

    def decode(self, points: Tensor) -> Tensor:
        """Return the pictures `(N, C, size, size)` in [0, 1] of points `(N, latent)`."""
        return batched(self._network.decoder, points, device=self.device)


class Prepared(nn.Module):
    """A copy of an autoencoder: convolutions compute in `dtype`, dense layers in float32."""

    def __init__(self, network: Autoencoder, dtype: torch.dtype) -> None:
        super().__init__()
        copy = Autoencoder(network.config)
        copy.load_state_dict(network.state_dict())
        self.encoder = copy.encoder
        self.encoder.convolutions.to(dtype)
        self.decoder = PreparedDecoder(copy.decoder, dtype)
        self.eval().requires_grad_(False).to(memory_format=torch.channels_last)


class PreparedDecoder(nn.Module):
    """A decoder's own computation, with kernels made once, and up to the pictures themselves."""

    def __init__(self, decoder: Decoder, dtype: torch.dtype) -> None:
        super().__init__()
        *first, last = (each for each in decoder.enlargements if isinstance(each, Enlargement))
        self.shape = decoder.shape
        self.dtype = dtype
        self.head = decoder.head
        self.enlargements = nn.ModuleList(each.as_transposed() for each in first).to(dtype)
        self.finish = Finish(last, decoder.last).to(dtype)

    def forward(self, z: Tensor) -> Tensor:
        """Return pictures `(B, C, size, size)` in [0, 1], float32, of codes `(B, latent)`."""
        x = F.silu(self.head(z)).view(len(z), *self.shape)
        x = x.to(self.dtype, memory_format=torch.channels_last)
        for enlargement in self.enlargements:
            x = F.silu(enlargement(x), inplace=True)
        images: Tensor = self.finish(x)
        return images


class Finish(nn.Module):
    """The last enlargement and the last convolution, on blocks of 2 x 2 pixels instead of pixels.

    A window of 2 x 2 places tells the 2 x 2 pixels at its middle, and 2 x 2 such blocks tell 2 x 2
    pixels of the picture: both layers are convolutions of 2 x 2 whose channels are the pixels of a
    block. So processors have four times the channels at a quarter of the places, which they are
    much quicker at where channels are as few as here.
    """

    def __init__(self, enlargement: Enlargement, last: nn.Conv2d) -> None:
        super().__init__()
        inputs, width = enlargement.in_channels, enlargement.out_channels
        channels = last.out_channels
        self.windows = nn.Conv2d(inputs, 4 * width, 2, padding=1)
        self.last = nn.Conv2d(4 * width, 4 * channels, 2)
        # (inputs, width, row of the block, place of the window, column, place)
        kernel = enlargement.spread()[:, :, TAPS][..., TAPS]
        kernel = kernel.permute(2, 4, 1, 0, 3, 5).reshape(self.windows.weight.shape)
        _fill(self.windows, kernel, enlargement.bias)
        # A pixel's 3 x 3 neighbours, where they lie among the 4 x 4 pixels of 2 x 2 blocks.
        offsets = [(row, column) for row in (0, 1) for column in (0, 1)]
        kernel = torch.stack([F.pad(last.weight, (x, 1 - x, y, 1 - y)) for y, x in offsets])
        kernel = kernel.view(4, channels, width, 2, 2, 2, 2).permute(0, 1, 4, 6, 2, 3, 5)
        _fill(self.last, kernel.reshape(self.last.weight.shape), last.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return pictures `(B, C, 2H, 2W)` in [0, 1], float32, of `(B, inputs, H, W)`."""
        blocks = F.silu(self.windows(x), inplace=True)  # (B, 4 * width, H + 1, W + 1)
        _clear_margin(blocks)
        pixels = self.last(blocks).permute(0, 2, 3, 1).float().sigmoid_()  # (B, H, W, 4C)
        rows = pixels.unflatten(3, (2, -1)).transpose(2, 3)  # (B, H, 2, W, 2C)
        count, height, _, width, _ = rows.shape
        images: Tensor = rows.reshape(count, 2 * height, 2 * width, -1).permute(0, 3, 1, 2)
        return images


def load_painter(path: Path, device: str) -> Painter:
    """Return a stored autoencoder, ready on a device.

    Raises:
        DamagedWeightsError: if the file is none.
    """
    return Painter(load_model(path), device)


def _fill(layer: nn.Conv2d, kernel: Tensor, bias: Tensor | None) -> None:
    """Give a layer a kernel, and to each pixel of a block the same bias."""
    with torch.no_grad():
        layer.weight.copy_(kernel)
        if layer.bias is not None:
            layer.bias.copy_(torch.zeros_like(layer.bias) if bias is None else bias.repeat(4))


def _clear_margin(blocks: Tensor) -> None:
    """Make 0 what the outermost blocks have beside the picture, as a convolution's padding is."""
    upper, lower = blocks.chunk(2, dim=1)
    upper[:, :, 0], lower[:, :, -1] = 0.0, 0.0
    for half in (upper, lower):
        left, right = half.chunk(2, dim=1)
        left[..., 0], right[..., -1] = 0.0, 0.0
