"""The convolutional network that ships with this project, in the manner of VGG.

1. Simonyan & Zisserman, Very deep convolutional networks, arXiv:1409.1556
2. Iandola et al., SqueezeNet, arXiv:1602.07360

Differs from VGG: from stride 4 on a 1x1 convolution squeezes the channels before each 3x3 one,
which is a third of the work; the rectifiers leak, so that gradients reach the image through every
unit; there are no dense layers, so that pictures of any size are taken.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from genart_core.errors import DamagedWeightsError
from genart_core.nn.checkpoint import write_atomically

RGB: TypeAlias = tuple[float, float, float]

STAGES = (
    "relu1_1",
    "relu2_1",
    "relu3_1",
    "relu3_2",
    "relu4_1",
    "relu4_2",
    "relu5_1",
    "relu5_2",
    "logits",
)
STRIDES = (1, 2, 4, 4, 8, 8, 16, 16, 16)
MEAN: RGB = (0.45, 0.45, 0.45)
STD: RGB = (0.25, 0.25, 0.25)


@dataclass(frozen=True)
class Config:
    """Numbers of channels: per scale, in the squeezes of the last three, before the classes.

    `batch_norm` is for training without a teacher; it is folded when the network is stored.
    """

    widths: tuple[int, int, int, int, int] = (16, 32, 128, 256, 512)
    squeezes: tuple[int, int, int] = (32, 64, 128)
    neck: int = 256
    classes: int = 1000
    leak: float = 0.1
    batch_norm: bool = False

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Config":
        """Return the configuration that a file's metadata tells."""
        values: dict[str, Any] = dict(facts)
        for name in ("widths", "squeezes"):
            values[name] = tuple(values[name])
        return cls(**values)


class Backbone(nn.Module):
    """The stages in order; the name of each is that of its last activation."""

    def __init__(self, config: Config, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.config = config
        self.stages = nn.ModuleDict(_stages(config))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                _initialise(module, config.leak, generator)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return what each stage makes of images `(B, 3, H, W)` in [0, 1]."""
        x = self.normalised(images)
        activations = {}
        for name, stage in self.stages.items():
            x = activations[name] = stage(x)
        return activations

    def until(self, last: str, images: Tensor) -> Tensor:
        """Return what the stage `last` makes of images `(B, 3, H, W)` in [0, 1]."""
        x: Tensor = self.normalised(images)
        for name, stage in self.stages.items():
            x = stage(x)
            if name == last:
                return x
        raise KeyError(last)

    def normalised(self, images: Tensor) -> Tensor:
        """Return images in [0, 1] as the first stage expects them."""
        return (images - MEAN[0]) / STD[0]


class Classifier(nn.Sequential):
    """Logits of each place, averaged: `(B, C, h, w)` to `(B, classes)`."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of whole pictures."""
        for part in self:
            x = part(x)
        return x.mean((2, 3))


def _stages(config: Config) -> dict[str, nn.Module]:
    first, second, third, fourth, fifth = config.widths
    narrow = config.squeezes

    def unit(inputs: int, outputs: int, size: int = 3) -> list[nn.Module]:
        convolution = nn.Conv2d(inputs, outputs, size, padding=size // 2)
        norm: list[nn.Module] = [nn.BatchNorm2d(outputs)] if config.batch_norm else []
        return [convolution, *norm, nn.LeakyReLU(config.leak)]

    def squeezed(inputs: int, middle: int, outputs: int) -> list[nn.Module]:
        return [*unit(inputs, middle, 1), *unit(middle, outputs)]

    def halved(units: list[nn.Module]) -> nn.Module:
        return nn.Sequential(nn.MaxPool2d(2), *units)

    head = [*unit(fifth, config.neck, 1), nn.Conv2d(config.neck, config.classes, 1)]
    return {
        "relu1_1": nn.Sequential(*unit(3, first)),
        "relu2_1": halved(unit(first, second)),
        "relu3_1": halved(unit(second, third)),
        "relu3_2": nn.Sequential(*squeezed(third, narrow[0], third)),
        "relu4_1": halved(squeezed(third, narrow[1], fourth)),
        "relu4_2": nn.Sequential(*squeezed(fourth, narrow[1], fourth)),
        "relu5_1": halved(squeezed(fourth, narrow[2], fifth)),
        "relu5_2": nn.Sequential(*squeezed(fifth, narrow[2], fifth)),
        "logits": Classifier(*head),
    }


def _initialise(layer: nn.Conv2d, leak: float, generator: torch.Generator | None) -> None:
    """Draw weights that keep the variance of activations (He et al., arXiv:1502.01852)."""
    fan_in = layer.weight[0].numel()
    deviation = math.sqrt(2.0 / (1.0 + leak * leak) / fan_in)
    with torch.no_grad():
        layer.weight.normal_(0.0, deviation, generator=generator)
        if layer.bias is not None:
            layer.bias.zero_()


def build(
    facts: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> tuple[Mapping[str, nn.Module], RGB, RGB]:
    """Return the stages of a stored network, the mean and the deviation it expects.

    Raises:
        RuntimeError: if the tensors don't fit the configuration.
    """
    network = Backbone(Config.of(facts["config"]))
    network.load_state_dict(dict(tensors))
    return dict(network.stages.items()), MEAN, STD


def save(path: Path, network: Backbone, card: Mapping[str, Any]) -> None:
    """Write a network in bfloat16, with its layers added to the card; all of it or nothing."""
    plain = folded(network) if network.config.batch_norm else network
    config = plain.config
    channels = [*config.widths[:2], *(w for w in config.widths[2:] for _ in (1, 2)), config.classes]
    layers = [
        {"name": name, "channels": count, "stride": stride}
        for name, count, stride in zip(STAGES, channels, STRIDES, strict=True)
    ]
    metadata = {
        "card": json.dumps({"art": "features", **card, "layers": layers}),
        "network": json.dumps({"architecture": "backbone", "config": asdict(config)}),
    }
    tensors = {name: t.detach().bfloat16() for name, t in plain.state_dict().items()}
    write_atomically(path, safetensors.torch.save(tensors, metadata))


def folded(network: Backbone) -> Backbone:
    """Return the same network with each batch norm folded into the convolution before it."""
    plain = Backbone(replace(network.config, batch_norm=False))
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    sources: list[nn.Module] = list(convolutions)
    for i, norm in enumerate(norms):
        sources[i] = fuse_conv_bn_eval(convolutions[i].eval(), norm.eval())
    targets = [m for m in plain.modules() if isinstance(m, nn.Conv2d)]
    for target, source in zip(targets, sources, strict=True):
        target.load_state_dict(source.state_dict())
    return plain


def restore(path: Path) -> Backbone:
    """Return a stored network, to be trained on.

    Raises:
        DamagedWeightsError: if the file is none that `save` wrote.
    """
    try:
        with safe_open(path, framework="pt") as file:
            facts = json.loads((file.metadata() or {})["network"])
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        network = Backbone(Config.of(facts["config"]))
        network.load_state_dict(tensors)
    except (SafetensorError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise DamagedWeightsError(f"{path.name} is not a network to train on: {error}") from error
    return network
