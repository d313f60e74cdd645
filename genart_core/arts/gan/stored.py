"""The form in which a generator is stored: safetensors in bfloat16, with its card."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import safetensors.torch
from safetensors import SafetensorError, safe_open

from genart_core.arts.gan.model import Generator, config_of
from genart_core.errors import DamagedWeightsError
from genart_core.nn.checkpoint import write_atomically

EXACT = ("mean", "variance")  # of class norms: float32, as they are divided by


def save_generator(path: Path, network: Generator, card: Mapping[str, Any]) -> None:
    """Write a generator, all of it or nothing."""
    metadata = {
        "card": json.dumps({"art": "gan", **card}, ensure_ascii=False),
        "network": json.dumps({"architecture": "dcgan", "config": asdict(network.config)}),
    }
    tensors = {
        name: (t if name.endswith(EXACT) else t.bfloat16()).detach().cpu().contiguous()
        for name, t in network.state_dict().items()
    }
    write_atomically(path, safetensors.torch.save(tensors, metadata))


def restore_generator(path: Path) -> tuple[Generator, dict[str, Any]]:
    """Return a stored generator in float32, and its card.

    Raises:
        DamagedWeightsError: if the file is none that `save_generator` wrote.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = {k: json.loads(v) for k, v in (file.metadata() or {}).items()}
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        network = Generator(config_of(metadata["network"]["config"]))
        network.load_state_dict(tensors)
        return network.eval(), metadata["card"]
    except (SafetensorError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise DamagedWeightsError(f"{path.name} is not a generator: {error}") from error
