"""Named activations of a convolutional network, for the arts that look at pictures.

A network is a row of named stages. It is cut after the deepest layer that is asked for, its weights
are frozen and its batch norm is folded when it is stored, so that one run costs no more than the
layers in use. How the stages of each architecture are built stands in `backbone` and `public`.
"""

import copy
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from genart_core.errors import DamagedWeightsError
from genart_core.nn import backbone, public, winograd
from genart_core.nn.device import working_dtype
from genart_core.public import PUBLIC

RGB: TypeAlias = tuple[float, float, float]

MOST_CUTS = 64  # that are kept; what a cut has of its own is small, but callers choose its layers
PROBE = 64  # pixels, at least, on which channels, strides and memory are measured
# What the allocator and oneDNN's scratch memory add to the tensors that were counted.
SLACK = 1.25

Build: TypeAlias = Callable[
    [Mapping[str, Any], Mapping[str, Tensor]], tuple[Mapping[str, nn.Module], RGB, RGB]
]
# From a file's metadata and tensors to its stages, mean and standard deviation.
ARCHITECTURES: dict[str, Build] = {
    "backbone": backbone.build,
    **dict.fromkeys(PUBLIC, public.build),
}


@dataclass(frozen=True)
class Layer:
    """Channels of an activation, and how many pixels of the picture lie between its places."""

    channels: int
    stride: int


@dataclass(frozen=True)
class Stages:
    """A network as its architecture builds it: named stages in order, and what it expects.

    `mean` and `std` are per channel, of RGB in [0, 1].
    """

    modules: Mapping[str, nn.Module]
    mean: RGB
    std: RGB


class Network:
    """A resident network; `cut` gives what an art computes with.

    `dtype` is what it computes in; None is what is fastest on the device.
    """

    def __init__(
        self,
        stages: Stages,
        classes: tuple[str, ...] = (),
        device: str = "cpu",
        *,
        card: Mapping[str, Any] | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        self.dtype = dtype
        self.card = dict(card or {})
        self.stages = stages
        self.classes = classes
        self.device = device
        self.layers = _measure(stages)
        self._cuts: dict[tuple[str, torch.dtype], Extractor] = {}
        self._ready: dict[tuple[str, torch.dtype], nn.Module] = {}
        for module in stages.modules.values():
            module.requires_grad_(False).eval()

    @torch.inference_mode(mode=False)  # or gradients could not pass what is made here
    def cut(self, layers: Sequence[str], *, dtype: torch.dtype | None = None) -> "Extractor":
        """Return the network up to the deepest of `layers`, giving the activations of `layers`.

        Without a `dtype` it computes in the network's.

        Raises:
            ValueError: if a layer isn't known, naming the known ones, or none is given.
        """
        unknown = [name for name in layers if name not in self.layers]
        if unknown or not layers:
            known = ", ".join(self.layers)
            raise ValueError(f"Unknown layers {', '.join(unknown) or '(none)'}; known: {known}")
        dtype = dtype or self.dtype or working_dtype(self.device)
        names = list(self.layers)
        deepest = max(names.index(name) for name in layers)
        key = (",".join(sorted(layers)), dtype)
        if key not in self._cuts:
            used = {name: self._stage(name, dtype) for name in names[: deepest + 1]}
            stages = Stages(used, self.stages.mean, self.stages.std)
            kept = {name: self.layers[name] for name in names if name in layers}
            self._cuts[key] = Extractor(stages, kept, self.device, dtype)
            if len(self._cuts) > MOST_CUTS:
                del self._cuts[next(iter(self._cuts))]
        return self._cuts[key]

    def _stage(self, name: str, dtype: torch.dtype) -> nn.Module:
        """Return a stage ready to compute with: one for all cuts, whose weights may be large."""
        if (name, dtype) not in self._ready:
            own = nn.ModuleDict({name: _copy(self.stages.modules[name], self.device, dtype)})
            winograd.quicken(own, self.device, dtype)
            self._ready[name, dtype] = own.to(memory_format=torch.channels_last)[name]
        return self._ready[name, dtype]


class Extractor(nn.Module):
    """A frozen network, cut; from pictures to the activations of some of its layers.

    Its stages are ready to compute with, and other cuts' too.
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self, stages: Stages, layers: Mapping[str, Layer], device: str, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.layers = dict(layers)
        self.dtype = dtype
        self.stages = nn.ModuleDict(stages.modules)
        shape = (1, 3, 1, 1)
        self.register_buffer("mean", torch.tensor(stages.mean, device=device).view(shape))
        self.register_buffer("std", torch.tensor(stages.std, device=device).view(shape))

    @property
    def stride(self) -> int:
        """Pixels between two places of the deepest layer."""
        return max(layer.stride for layer in self.layers.values())

    @cached_property
    def smallest(self) -> int:
        """Pixels a side that an image must have for the deepest layer to have one place."""
        places = 1
        for stage in reversed(list(self.stages.values())):
            places = _needed(stage, places)
        return places

    @cached_property
    def receptive_field(self) -> int:
        """Width in pixels of what one place of the deepest layer can see."""
        span, stride = 1, 1
        for module in self.stages.values():
            for reach, step in _windows(module):
                span += reach * stride
                stride *= step
        return span

    @cached_property
    def bytes_per_pixel(self) -> int:
        """Memory that one forward and backward pass takes at its peak, per pixel of the picture.

        What autograd keeps is counted on a small picture; to it come the largest activation and its
        gradient twice, as input and output of the layer at work.
        """
        side = -(-max(PROBE, 4 * self.stride) // self.stride) * self.stride
        device = self.mean.device
        image = torch.rand(1, 3, side, side, device=device).requires_grad_()
        kept: dict[int, int] = {}
        largest = image.numel() * 4

        def keep(tensor: Tensor) -> Tensor:
            nonlocal largest
            storage = tensor.untyped_storage()
            if not isinstance(tensor, nn.Parameter) and storage.data_ptr() not in self._own:
                kept[storage.data_ptr()] = storage.nbytes()
                largest = max(largest, storage.nbytes())
            return tensor

        with torch.enable_grad(), saved_tensors_hooks(keep, lambda tensor: tensor):
            activations = self(image)
        for tensor in activations.values():
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = storage.nbytes()
        return round(SLACK * (sum(kept.values()) + 4 * largest) / side**2)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the activations `(B, C, h, w)` of each layer, of images `(B, 3, H, W)` in [0, 1].

        They are in the working dtype; `logits` is `(B, classes)`.

        Raises:
            ValueError: if the images are too small for one place of the deepest layer.
        """
        height, width = images.shape[-2:]
        if min(height, width) < self.smallest:
            raise ValueError(
                f"Image is {width} x {height} px but the network needs at least {self.smallest}"
            )
        x = ((images - self.mean) / self.std).to(self.dtype, memory_format=torch.channels_last)
        activations = {}
        for name, stage in self.stages.items():
            x = stage(x)
            if name in self.layers:
                activations[name] = x
        return activations

    @cached_property
    def _own(self) -> frozenset[int]:
        tensors = [*self.parameters(), *self.buffers()]
        return frozenset(tensor.untyped_storage().data_ptr() for tensor in tensors)


def load_network(path: Path, device: str) -> Network:
    """Read a network that `genart train features` or `genart models pull` wrote.

    Raises:
        DamagedWeightsError: if the file is none.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            facts, card = json.loads(metadata["network"]), json.loads(metadata["card"])
            tensors = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
        stages = Stages(*ARCHITECTURES[facts["architecture"]](facts, tensors))
        names = tuple(str(each["name"]) for each in card.get("classes", ()))
        return Network(stages, names, device, card=card)
    except (SafetensorError, KeyError, ValueError, RuntimeError, TypeError) as error:
        raise DamagedWeightsError(f"{path.name} is not a feature network: {error}") from error


def _measure(stages: Stages) -> dict[str, Layer]:
    """Return each layer's channels and stride; a small picture is run through for the former."""
    x = torch.zeros(1, 3, 256, 256)
    stride = 1
    layers = {}
    with torch.inference_mode():
        for name, stage in stages.modules.items():
            x = stage.float().cpu()(x)
            for _, step in _windows(stage):
                stride *= step
            layers[name] = Layer(x.shape[1], stride)
    return layers


def _copy(module: nn.Module, device: str, dtype: torch.dtype) -> nn.Module:
    """Return a stage of its own in the given form; rectifiers work in place, which saves memory."""
    own = copy.deepcopy(module).to(device, dtype)
    for part in own.modules():
        if isinstance(part, nn.ReLU | nn.LeakyReLU):
            part.inplace = True
    return own


def _windows(module: nn.Module) -> Iterator[tuple[int, int]]:
    """Yield `(size - 1, stride)` of each convolution and pooling in a row of modules.

    A module with branches says itself what they amount to, in `window`.
    """
    if isinstance(window := getattr(module, "window", None), tuple):
        yield window
        return
    if isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
        yield _first(module.kernel_size) - 1, _first(module.stride)
    for child in module.children():
        yield from _windows(child)


def _first(size: int | tuple[int, ...]) -> int:
    return size if isinstance(size, int) else size[0]


def _needed(module: nn.Module, places: int) -> int:
    """Return the side of an input that is enough for `places` of the output."""
    if isinstance(module, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
        size, stride = _first(module.kernel_size), _first(module.stride)
        pad = module.padding if isinstance(module.padding, int | tuple) else 0
        missing = stride - 1 if getattr(module, "ceil_mode", False) else 0  # of the last window
        return max(1, (places - 1) * stride + size - 2 * _first(pad) - missing)
    if isinstance(getattr(module, "window", None), tuple):
        return max(
            _needed(branch, places) for branch in module.get_submodule("branches").children()
        )
    if isinstance(module, nn.AdaptiveAvgPool2d):
        return 1
    for child in reversed(list(module.children())):
        places = _needed(child, places)
    return places
