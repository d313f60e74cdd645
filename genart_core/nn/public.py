"""The public networks VGG-16/19, GoogLeNet and Inception v3, as torchvision has them.

1. Simonyan & Zisserman, Very deep convolutional networks, arXiv:1409.1556
2. Szegedy et al., Going deeper with convolutions, arXiv:1409.4842
3. Szegedy et al., Rethinking the Inception architecture, arXiv:1512.00567

The numbers of channels are read off the weights; `conversion` has folded batch norm into them. The
names of the layers are the papers' for VGG and torchvision's for the others.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

RGB: TypeAlias = tuple[float, float, float]
Tensors: TypeAlias = Mapping[str, Tensor]

# torchvision normalises pictures so for VGG; the other two were ported from TensorFlow, and their
# `transform_input` turns that into values of -1 to 1.
IMAGENET: tuple[RGB, RGB] = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALF: tuple[RGB, RGB] = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))

VGG_DEPTHS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}


class Unit(nn.Sequential):
    """A convolution and its rectifier, as wide as its weights say.

    Without `padding` the size is kept (before the stride).
    """

    def __init__(
        self, tensors: Tensors, name: str, *, stride: int = 1, padding: int | None = None
    ) -> None:
        weight = tensors[f"{name}.weight"]
        outputs, inputs, height, width = weight.shape
        pad = (height // 2, width // 2) if padding is None else (padding, padding)
        layer = nn.Conv2d(inputs, outputs, (height, width), stride, pad, device="meta")
        layer.weight = nn.Parameter(weight)
        layer.bias = nn.Parameter(tensors[f"{name}.bias"])
        super().__init__(layer, nn.ReLU(inplace=True))  # in place, which saves memory


class Branches(nn.Module):
    """Several ways through, whose channels are put side by side."""

    def __init__(self, *branches: nn.Module) -> None:
        super().__init__()
        self.branches = nn.ModuleList(branches)

    @property
    def window(self) -> tuple[int, int]:
        """Return how far the widest branch sees beyond one place, and the stride of all."""
        reaches, strides = zip(*(_window(branch) for branch in self.branches), strict=True)
        return max(reaches), strides[0]

    def forward(self, x: Tensor) -> Tensor:
        """Return what all branches make of `x`."""
        return torch.cat([branch(x) for branch in self.branches], dim=1)


def build(facts: Mapping[str, Any], tensors: Tensors) -> tuple[Mapping[str, nn.Module], RGB, RGB]:
    """Return the stages of a stored network, the mean and the deviation it expects.

    Raises:
        KeyError: if a tensor is missing.
        ValueError: if a tensor has another rank than it should.
    """
    name = str(facts["architecture"])
    if name in VGG_DEPTHS:
        return _vgg(VGG_DEPTHS[name], tensors), *IMAGENET
    stages = {"googlenet": _googlenet, "inception_v3": _inception_v3}[name]
    return stages(tensors), *HALF


def _vgg(depths: tuple[int, ...], tensors: Tensors) -> dict[str, nn.Module]:
    stages: dict[str, nn.Module] = {}
    place = 0  # in torchvision's row of convolutions, rectifiers and poolings
    for block, depth in enumerate(depths, start=1):
        for unit in range(1, depth + 1):
            stages[f"relu{block}_{unit}"] = Unit(tensors, f"features.{place}")
            place += 2
        stages[f"pool{block}"] = nn.MaxPool2d(2)
        place += 1
    stages["logits"] = nn.Sequential(
        nn.AdaptiveAvgPool2d(7),
        nn.Flatten(),
        *(_linear(tensors, "classifier.0"), nn.ReLU()),
        *(_linear(tensors, "classifier.3"), nn.ReLU()),
        _linear(tensors, "classifier.6"),
    )
    return stages


def _googlenet(tensors: Tensors) -> dict[str, nn.Module]:
    def block(name: str) -> nn.Module:
        def unit(part: str) -> Unit:
            return Unit(tensors, f"{name}.{part}")

        return Branches(
            unit("branch1"),
            nn.Sequential(unit("branch2.0"), unit("branch2.1")),
            nn.Sequential(unit("branch3.0"), unit("branch3.1")),
            nn.Sequential(nn.MaxPool2d(3, 1, 1), unit("branch4.1")),
        )

    stages: dict[str, nn.Module] = {
        "conv1": Unit(tensors, "conv1", stride=2),
        "maxpool1": nn.MaxPool2d(3, 2, ceil_mode=True),
        "conv2": Unit(tensors, "conv2"),
        "conv3": Unit(tensors, "conv3"),
        "maxpool2": nn.MaxPool2d(3, 2, ceil_mode=True),
    }
    stages |= {name: block(name) for name in ("inception3a", "inception3b")}
    stages["maxpool3"] = nn.MaxPool2d(3, 2, ceil_mode=True)
    stages |= {name: block(name) for name in (f"inception4{letter}" for letter in "abcde")}
    stages["maxpool4"] = nn.MaxPool2d(2, 2, ceil_mode=True)
    stages |= {name: block(name) for name in ("inception5a", "inception5b")}
    stages["logits"] = _head(tensors)
    return stages


def _inception_v3(tensors: Tensors) -> dict[str, nn.Module]:
    def row(name: str, *parts: str, last_stride: int = 1) -> nn.Module:
        """Return units in a row; the last has no padding where it has a stride."""
        units: list[nn.Module] = [Unit(tensors, f"{name}.{part}") for part in parts]
        if last_stride > 1:
            units[-1] = Unit(tensors, f"{name}.{parts[-1]}", stride=last_stride, padding=0)
        return nn.Sequential(*units)

    def numbered(name: str, stem: str, count: int, last_stride: int = 1) -> nn.Module:
        parts = (f"{stem}_{i}" for i in range(1, count + 1))
        return row(name, *parts, last_stride=last_stride)

    def pooled(name: str) -> nn.Module:
        return nn.Sequential(nn.AvgPool2d(3, 1, 1), row(name, "branch_pool"))

    def fork(name: str, stem: str, count: int) -> nn.Module:
        ends = (row(name, f"{stem}_{count + 1}{letter}") for letter in "ab")
        return nn.Sequential(numbered(name, stem, count), Branches(*ends))

    def wide(name: str) -> nn.Module:  # figure 5 of 3
        return Branches(
            row(name, "branch1x1"),
            numbered(name, "branch5x5", 2),
            numbered(name, "branch3x3dbl", 3),
            pooled(name),
        )

    def factored(name: str) -> nn.Module:  # figure 6
        return Branches(
            row(name, "branch1x1"),
            numbered(name, "branch7x7", 3),
            numbered(name, "branch7x7dbl", 5),
            pooled(name),
        )

    def forked(name: str) -> nn.Module:  # figure 7
        return Branches(
            row(name, "branch1x1"),
            fork(name, "branch3x3", 1),
            fork(name, "branch3x3dbl", 2),
            pooled(name),
        )

    def halved(name: str, *rows: nn.Module) -> nn.Module:  # figure 10
        return Branches(*rows, nn.MaxPool2d(3, 2))

    first, second = "Mixed_6a", "Mixed_7a"
    return {
        "Conv2d_1a_3x3": Unit(tensors, "Conv2d_1a_3x3", stride=2, padding=0),
        "Conv2d_2a_3x3": Unit(tensors, "Conv2d_2a_3x3", padding=0),
        "Conv2d_2b_3x3": Unit(tensors, "Conv2d_2b_3x3"),
        "maxpool1": nn.MaxPool2d(3, 2),
        "Conv2d_3b_1x1": Unit(tensors, "Conv2d_3b_1x1"),
        "Conv2d_4a_3x3": Unit(tensors, "Conv2d_4a_3x3", padding=0),
        "maxpool2": nn.MaxPool2d(3, 2),
        **{name: wide(name) for name in ("Mixed_5b", "Mixed_5c", "Mixed_5d")},
        first: halved(
            first,
            row(first, "branch3x3", last_stride=2),
            numbered(first, "branch3x3dbl", 3, last_stride=2),
        ),
        **{name: factored(name) for name in ("Mixed_6b", "Mixed_6c", "Mixed_6d", "Mixed_6e")},
        second: halved(
            second,
            numbered(second, "branch3x3", 2, last_stride=2),
            numbered(second, "branch7x7x3", 4, last_stride=2),
        ),
        **{name: forked(name) for name in ("Mixed_7b", "Mixed_7c")},
        "logits": _head(tensors),
    }


def _head(tensors: Tensors) -> nn.Module:
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), _linear(tensors, "fc"))


def _linear(tensors: Tensors, name: str) -> nn.Linear:
    weight = tensors[f"{name}.weight"]
    outputs, inputs = weight.shape
    layer = nn.Linear(inputs, outputs, device="meta")
    layer.weight = nn.Parameter(weight)
    layer.bias = nn.Parameter(tensors[f"{name}.bias"])
    return layer


def _window(module: nn.Module) -> tuple[int, int]:
    """Return how many places beyond one a module sees along its wider side, and its stride."""
    if isinstance(module, Branches):
        return module.window
    if isinstance(module, nn.Conv2d):
        return max(module.kernel_size) - 1, module.stride[0]
    if isinstance(module, nn.MaxPool2d | nn.AvgPool2d):
        return _whole(module.kernel_size) - 1, _whole(module.stride)
    reach, stride = 0, 1
    for child in module.children():
        further, step = _window(child)
        reach += further * stride
        stride *= step
    return reach, stride


def _whole(size: int | tuple[int, ...]) -> int:
    return size if isinstance(size, int) else max(size)
