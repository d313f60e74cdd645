"""Turns torchvision's files of the public networks into ours.

Batch norm is folded into the convolutions; dropout and the auxiliary classifiers, which only
training needs, are left out.
"""

import json
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor
from torch.nn.utils.fusion import fuse_conv_bn_weights

from genart_core.errors import DamagedWeightsError
from genart_core.nn.checkpoint import save_atomically
from genart_core.nn.features import Network, Stages
from genart_core.nn.public import Tensors, build
from genart_core.public import ART, LICENCE, PublicNetwork

NORM_EPSILON = 1e-3  # torchvision's, in both networks that have batch norm
AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")


def convert(source: Path, target: Path, network: PublicNetwork) -> None:
    """Write torchvision's file `source` as safetensors with a card, all of it or nothing.

    `weights_only` restricts the unpickler to tensors and plain containers: it looks up no other
    name and calls nothing, so that a forged file can't run code. There is no other form of these
    files.

    Raises:
        DamagedWeightsError: if `source` is not such a file.
    """
    try:
        state = torch.load(source, map_location="cpu", weights_only=True)
        tensors = folded(state)
        modules, mean, std = build({"architecture": network.name}, tensors)
        layers = Network(Stages(modules, mean, std)).layers
    except (
        *(UnpicklingError, EOFError, OSError, RuntimeError),
        *(AttributeError, KeyError, TypeError, ValueError),
    ) as error:
        raise DamagedWeightsError(f"{source.name} does not hold {network.name}: {error}") from error
    card = {
        "art": ART,
        "name": network.name,
        "source": network.url,
        "source_sha256": network.sha256,
        "paper": network.paper,
        "licence": LICENCE,
        "data": "ImageNet-1K (ILSVRC 2012)",
        "layers": [
            {"name": name, "channels": layer.channels, "stride": layer.stride}
            for name, layer in layers.items()
        ],
        "classes": [{"name": name} for name in class_names(layers["logits"].channels)],
    }
    facts = {"architecture": network.name}
    save_atomically(target, tensors, {"card": json.dumps(card), "network": json.dumps(facts)})


def folded(state: Tensors) -> dict[str, Tensor]:
    """Return the weights of a state dict of torchvision's, each batch norm in its convolution."""
    tensors = {}
    for key, value in state.items():
        name, _, part = key.rpartition(".")
        if key.startswith(AUXILIARY) or name.endswith(".bn"):
            continue
        if not name.endswith(".conv"):
            tensors[key] = value.float().contiguous()
            continue
        name = name.removesuffix(".conv")
        norm = [state[f"{name}.bn.{x}"] for x in ("running_mean", "running_var", "weight", "bias")]
        mean, variance, scale, shift = norm
        weight, bias = fuse_conv_bn_weights(value, None, mean, variance, NORM_EPSILON, scale, shift)
        tensors[f"{name}.weight"] = weight.detach().float().contiguous()
        tensors[f"{name}.bias"] = bias.detach().float().contiguous()
    return tensors


def class_names(count: int) -> tuple[str, ...]:
    """Return the names of ImageNet's classes, which torchvision has; none for other counts."""
    from torchvision.models import VGG19_Weights

    names = tuple(str(name) for name in VGG19_Weights.IMAGENET1K_V1.meta["categories"])
    return names if len(names) == count else ()
