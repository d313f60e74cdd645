"""Small random autoencoders, as files that the worker and the gateway read like every other."""

from pathlib import Path

import torch

from genart_core.arts.vae.mixture import Mixture
from genart_core.arts.vae.model import Autoencoder, Config
from genart_core.arts.vae.stored import StoredModel, save_model

TINY = Config(size=16, channels=3, latent=6, widths=(4, 8, 8))
CONCEPTS = ("smile", "hat")


def tiny_model(config: Config = TINY, seed: int = 0) -> StoredModel:
    """Return a model with two concepts, of about 2,000 parameters."""
    generator = torch.Generator().manual_seed(seed)
    network = Autoencoder(config, generator).eval()
    latent = config.latent
    means = torch.randn(3, latent, generator=generator)
    roots = 0.5 * torch.eye(latent).repeat(3, 1, 1)
    mixture = Mixture(torch.tensor([0.5, 0.3, 0.2]), means, roots)
    concepts = torch.randn(len(CONCEPTS), latent, generator=generator)
    named = [{"name": name, "attribute": name, "from": "0", "to": "1"} for name in CONCEPTS]
    card = {"name": "tiny", "licence": "none", "concepts": named}
    sizes = {"size": config.size, "channels": config.channels, "latent": latent}
    return StoredModel(network, mixture, concepts, card | sizes)


def write_tiny_model(path: Path, config: Config = TINY, seed: int = 0) -> Path:
    """Write such a model."""
    save_model(path, tiny_model(config, seed))
    return path
