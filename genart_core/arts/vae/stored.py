"""The form in which an autoencoder is stored: bfloat16 weights, and what was found of its codes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from genart_core.arts.vae.mixture import Mixture
from genart_core.arts.vae.model import Autoencoder, Config
from genart_core.errors import DamagedWeightsError
from genart_core.nn.checkpoint import write_atomically

ARCHITECTURE = "autoencoder"


@dataclass(frozen=True)
class StoredModel:
    """A network, the density of its codes, its concepts and its card.

    `concepts` are directions `(n, latent)` in the order of the card's `concepts`; moving by one is
    the distance between the classes.
    """

    network: Autoencoder
    mixture: Mixture
    concepts: Tensor
    card: dict[str, Any]


def save_model(path: Path, model: StoredModel) -> None:
    """Write a model so that at every moment the file is either the old or the new one."""
    network, mixture = model.network, model.mixture
    tensors = {f"network.{name}": t.bfloat16() for name, t in network.state_dict().items()}
    tensors["mixture.shares"] = mixture.shares.float()
    tensors["mixture.means"] = mixture.means.float()
    # In rows of the lower triangle; half precision places a point within 0.05 % of its distance.
    tensors["mixture.roots"] = mixture.roots[_triangle(network.config.latent)].half()
    tensors["concepts"] = model.concepts.float()
    facts = {"architecture": ARCHITECTURE, "config": asdict(network.config)}
    metadata = {"card": json.dumps({"art": "vae", **model.card}), "network": json.dumps(facts)}
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomically(path, save(whole, metadata))


def load_model(path: Path) -> StoredModel:
    """Read a model, in float32.

    Raises:
        DamagedWeightsError: if the file is none that `save_model` wrote.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        facts, card = json.loads(metadata["network"]), json.loads(metadata["card"])
        return _model_of(facts, card, tensors)
    except (SafetensorError, KeyError, ValueError, RuntimeError, TypeError, IndexError) as error:
        raise DamagedWeightsError(f"{path.name} is not an autoencoder: {error}") from error


def _model_of(
    facts: Mapping[str, Any], card: dict[str, Any], tensors: Mapping[str, Tensor]
) -> StoredModel:
    if facts["architecture"] != ARCHITECTURE:
        raise ValueError(f"its architecture is {facts['architecture']}")
    config = Config.of(facts["config"])
    network = Autoencoder(config)
    prefix = "network."
    own = {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}
    network.load_state_dict(own)
    shares, means = tensors["mixture.shares"], tensors["mixture.means"]
    roots = torch.zeros(len(shares), config.latent, config.latent)
    roots[_triangle(config.latent)] = tensors["mixture.roots"]
    concepts = tensors["concepts"]
    named = card.get("concepts", [])
    if means.shape != (len(shares), config.latent):
        raise ValueError("the mixture is not of the network's codes")
    if concepts.shape != (len(named), config.latent):
        raise ValueError("the concepts are not those that the card names")
    return StoredModel(network.eval(), Mixture(shares, means, roots), concepts, card)


def _triangle(width: int) -> tuple[slice, Tensor, Tensor]:
    rows, columns = torch.tril_indices(width, width)
    return slice(None), rows, columns
