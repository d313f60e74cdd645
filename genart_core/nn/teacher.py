"""Tiny Darknet, a small ImageNet classifier, as a teacher to learn activations and classes from.

Redmon, Darknet: Open source neural networks in C, pjreddie.com/darknet/tiny-darknet (MIT).
"""

import json
import zipfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

LEAK = 0.1
EPSILON = 1e-3
CONVOLUTIONS = 16
POOLED = (1, 2, 6, 10)  # the convolutions that a pooling follows
# The convolutions whose activations correspond to the stages of `backbone`.
LAYERS = {
    1: "relu1_1",
    2: "relu2_1",
    4: "relu3_1",
    6: "relu3_2",
    8: "relu4_1",
    10: "relu4_2",
    12: "relu5_1",
    14: "relu5_2",
}


class Teacher(nn.Module):
    """The network, frozen, with its batch norm folded; `classes` are wnid and name of each."""

    def __init__(self, tensors: dict[str, Tensor], classes: list[dict[str, str]]) -> None:
        super().__init__()
        self.classes = classes
        layers = [_convolution(tensors, number) for number in range(1, CONVOLUTIONS + 1)]
        self.convolutions = nn.ModuleList(layers)
        # channels after each halving of the picture
        self.widths = tuple(layers[number - 1].out_channels for number in (1, 2, 6, 10, 14))
        self.requires_grad_(False).eval()

    @torch.inference_mode()
    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Return the activations of `LAYERS` and `logits`, of images `(B, 3, H, W)` in [0, 1]."""
        return self.activations(images)

    def activations(self, images: Tensor, last: str = "logits") -> dict[str, Tensor]:
        """Return the same, up to the layer `last` and with gradients for the images."""
        x = images
        activations = {}
        for number, convolution in enumerate(self.convolutions, start=1):
            x = convolution(x)
            if number == CONVOLUTIONS:
                break
            x = nn.functional.leaky_relu(x, LEAK)
            if number in LAYERS:
                activations[LAYERS[number]] = x
                if LAYERS[number] == last:
                    return activations
            if number in POOLED:
                x = nn.functional.max_pool2d(x, 2)
        return {**activations, "logits": x.mean((2, 3))}


def load_teacher(path: Path) -> Teacher:
    """Read the weights from an `.npz` in Keras' layout, the classes from `labels.json` beside it.

    Raises:
        ValueError: if the files are not those of Tiny Darknet.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            tensors = {name: torch.from_numpy(arrays[name]).float() for name in arrays.files}
        labels = json.loads(path.with_name("labels.json").read_text())
        classes = [{"wnid": str(each["wnid"]), "name": str(each["name"])} for each in labels]
        return Teacher(tensors, classes)
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} is not Tiny Darknet with labels.json beside it: {error}"
        ) from error


def _convolution(tensors: dict[str, Tensor], number: int) -> nn.Conv2d:
    weight = tensors[f"conv2d_{number}__kernel"].permute(3, 2, 0, 1)  # from (h, w, in, out)
    bias = tensors.get(f"conv2d_{number}__bias", torch.zeros(len(weight)))
    norm = f"batch_normalization_{number}__"
    if f"{norm}gamma" in tensors:
        scale = tensors[f"{norm}gamma"] / (tensors[f"{norm}moving_variance"] + EPSILON).sqrt()
        bias = tensors[f"{norm}beta"] + (bias - tensors[f"{norm}moving_mean"]) * scale
        weight = weight * scale[:, None, None, None]
    outputs, inputs, size, _ = weight.shape
    layer = nn.Conv2d(inputs, outputs, size, padding=size // 2)
    layer.load_state_dict({"weight": weight, "bias": bias})
    return layer.to(memory_format=torch.channels_last)
