"""Small random feature networks, as files that the worker and the gateway read like every other."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest
import torch

from genart_core.nn.backbone import Backbone, Config, save
from genart_core.nn.features import Extractor, Network, load_network

CLASSES = ("cat", "dog", "owl")
TINY = Config((8, 8, 16, 16, 16), (8, 8, 8), neck=8, classes=len(CLASSES))


def write_tiny_network(path: Path, seed: int = 0) -> Path:
    """Write a network with the layers of the one that ships, about 10,000 parameters."""
    network = Backbone(TINY, torch.Generator().manual_seed(seed))
    classes = [{"wnid": f"n{i:08d}", "name": name} for i, name in enumerate(CLASSES)]
    save(path, network, {"name": path.stem, "licence": "none", "classes": classes})
    return path


def tiny_network(folder: Path, seed: int = 0) -> Network:
    """Return such a network as a worker has it, but for its precision.

    In float32 its pictures are those of every processor; what they are in bfloat16, where that is
    faster, is tested by itself.
    """
    path = write_tiny_network(folder / f"tiny-{seed}.safetensors", seed)
    return in_float32(load_network(path, "cpu"))


def in_float32(network: Network) -> Network:
    """Have a network compute in float32, though the processor may be faster in bfloat16."""
    network.dtype = torch.float32
    return network


def watched_order(monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> list[str]:
    """Return what grows by `cut` and `asked` as a module cuts a network or asks for free memory."""
    order: list[str] = []
    cut = Network.cut

    def watched(self: Network, layers: Sequence[str]) -> Extractor:
        order.append("cut")
        return cut(self, layers)

    monkeypatch.setattr(Network, "cut", watched)
    monkeypatch.setattr(module, "free_memory", lambda device: order.append("asked"))
    return order
