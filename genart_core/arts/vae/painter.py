"""An autoencoder made ready to encode and decode: cast once, channels last, in fixed batches."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from genart_core.arts.vae.model import Autoencoder, Enlargement
from genart_core.arts.vae.stored import StoredModel, load_model
from genart_core.nn.device import working_dtype
from genart_core.nn.painting import batch_of, batched


class Painter:
    """Encodes pictures and decodes points, each as if it were alone."""

    def __init__(self, model: StoredModel, device: str, dtype: torch.dtype | None = None) -> None:
        self.model = model
        self.device = device
        self.config = model.network.config
        self.batch = batch_of(device)
        self._network = prepared(model.network, device, dtype or working_dtype(device))

    @property
    def card(self) -> Mapping[str, Any]:
        """What is known of the model."""
        return {**self.model.card, "latent": self.config.latent, "size": self.config.size}

    def encode(self, images: Tensor) -> Tensor:
        """Return the means `(N, latent)` of images `(N, C, size, size)` in [0, 1]."""
        return batched(lambda x: self._network.encoder(x)[0], images, device=self.device)

    def decode(self, points: Tensor) -> Tensor:
        """Return the pictures `(N, C, size, size)` in [0, 1] of points `(N, latent)`."""
        decode = self._network.decoder
        return batched(lambda z: decode(z).float().sigmoid(), points, device=self.device)

    def concept(self, name: str) -> Tensor:
        """Return the direction `(latent,)` of a concept.

        Raises:
            KeyError: if there is none of that name.
        """
        names = [str(each["name"]) for each in self.card.get("concepts", ())]
        directions: dict[str, Tensor] = dict(zip(names, self.model.concepts, strict=True))
        return directions[name]


def load_painter(path: Path, device: str) -> Painter:
    """Return a stored autoencoder, ready on a device.

    Raises:
        DamagedWeightsError: if the file is none.
    """
    return Painter(load_model(path), device)


def prepared(network: Autoencoder, device: str, dtype: torch.dtype) -> Autoencoder:
    """Return a copy whose convolutions compute in `dtype`; dense layers stay in float32."""
    copy = Autoencoder(network.config)
    copy.load_state_dict(network.state_dict())
    decoder = copy.decoder
    decoder.enlargements = nn.ModuleList(
        layer.as_transposed() for layer in decoder.enlargements if isinstance(layer, Enlargement)
    )
    for module in (*copy.encoder.convolutions, *decoder.enlargements, decoder.last):
        module.to(dtype)
    return copy.eval().requires_grad_(False).to(device).to(memory_format=torch.channels_last)
