"""Convolutions to compute in another way, and what they see."""

import torch
from torch import Tensor, nn


def drawn(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def layer(
    inputs: int = 64,
    outputs: int = 96,
    size: int = 3,
    *,
    stride: int = 1,
    padding: int = 1,
    dilation: int = 1,
    groups: int = 1,
    bias: bool = True,
) -> nn.Conv2d:
    made = nn.Conv2d(inputs, outputs, size, stride, padding, dilation, groups, bias)
    made.weight.data = drawn(*made.weight.shape) / (9 * inputs) ** 0.5
    if made.bias is not None:
        made.bias.data = 0.1 * drawn(outputs)
    return made.requires_grad_(False)
