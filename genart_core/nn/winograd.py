"""3x3 convolutions on a processor with a quarter of the products.

1. Winograd, Arithmetic complexity of computations, SIAM 1980.
2. Lavin & Gray, Fast algorithms for convolutional neural networks, arXiv:1509.09308.

F(4x4, 3x3) in C (`genart_core/native/winograd.c`), where that could be compiled; the rectifier that
follows is part of it, forward and backward. Sums are in float32, for activations in bfloat16 too;
the result is that of the plain sum up to some 1e-6 of its size. Weights are frozen: there is no
gradient of them.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from genart_core.nn.device import multiplies_matrices
from genart_core.nn.native import UNIT, Library, kernel, transformed

SIDE = 3
DTYPES = (torch.float32, torch.bfloat16)
# In bfloat16 torch's products take half the time, and its weights are an eighth of ours to read: so
# little is saved where a side has fewer channels than this, or the other more times as many.
LEAST_HALF, MOST_HALF = 64, 2
NO_LEAK = 1.0  # the slope below zero where no rectifier follows


class WinogradConv2d(nn.Conv2d):
    """The same as a frozen convolution that it suits and the rectifier after it.

    `leak` is the rectifier's slope below zero, 1 where there is none.
    """

    risen: Tensor
    turned: Tensor

    def __init__(self, library: Library, layer: nn.Conv2d, leak: float = NO_LEAK) -> None:
        outputs, inputs = layer.weight.shape[:2]
        super().__init__(inputs, outputs, SIDE, padding=1, device="meta")
        weight = layer.weight.detach()
        bias = torch.zeros(outputs) if layer.bias is None else layer.bias.detach().float()
        self.register_parameter("weight", None)  # only its transforms are kept
        self.bias = nn.Parameter(bias, requires_grad=False)
        self.register_buffer("risen", transformed(weight), persistent=False)
        # Backward is a convolution too, with the weights upside down and inside out.
        turned = transformed(weight.flip(2, 3).transpose(0, 1))
        self.register_buffer("turned", turned, persistent=False)
        self.library, self.leak = library, leak

    def forward(self, input: Tensor) -> Tensor:
        """Return what convolution and rectifier make of `(B, C, H, W)`, channels last."""
        found: Tensor = _Convolution.apply(input, self)
        return found


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, layer: WinogradConv2d) -> Tensor:
        ctx.layer = layer
        convolve, outputs = layer.library.convolve, layer.out_channels
        y = convolve(x, layer.risen, outputs, bias=layer.bias, leak=layer.leak)
        ctx.save_for_backward(*(() if layer.leak == NO_LEAK else (y,)))
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        layer, mask = ctx.layer, next(iter(ctx.saved_tensors), None)
        convolve, inputs = layer.library.convolve, layer.in_channels
        return convolve(gradients[0], layer.turned, inputs, mask=mask, leak=layer.leak), None


def suits(module: nn.Module, dtype: torch.dtype) -> bool:
    """Whether a module is a convolution that is quicker so, in this type."""
    return (
        isinstance(module, nn.Conv2d)
        and not isinstance(module, WinogradConv2d)
        and module.kernel_size == (SIDE, SIDE)
        and module.padding == (1, 1)
        and module.stride == module.dilation == (1, 1)
        and module.padding_mode == "zeros"
        and module.groups == 1
        and module.in_channels % UNIT == module.out_channels % UNIT == 0
        and _pays(module, dtype)
    )


def _pays(layer: nn.Conv2d, dtype: torch.dtype) -> bool:
    few, many = sorted((layer.in_channels, layer.out_channels))
    return dtype == torch.float32 or (few >= LEAST_HALF and many <= MOST_HALF * few)


def quicken(network: nn.Module, device: str, dtype: torch.dtype) -> None:
    """Have all convolutions within a frozen network computed so that it suits.

    Nothing changes on another device, in another type, where nothing could be compiled, or in
    bfloat16 where the processor multiplies matrices of it, many times as quickly.
    """
    if device != "cpu" or dtype not in DTYPES:
        return
    if dtype == torch.bfloat16 and multiplies_matrices():
        return
    if (library := kernel().wait()) is not None:
        _replace(network, library, dtype)


def _replace(module: nn.Module, library: Library, dtype: torch.dtype) -> None:
    is_row = isinstance(module, nn.Sequential)  # of others it isn't known what follows what
    before: WinogradConv2d | None = None
    for name, child in list(module.named_children()):
        slope = _slope(child)
        if is_row and before is not None and slope is not None:
            before.leak = slope
            setattr(module, name, nn.Identity())
        before = None
        if isinstance(child, nn.Conv2d) and suits(child, dtype):
            before = WinogradConv2d(library, child)
            setattr(module, name, before)
        else:
            _replace(child, library, dtype)


def _slope(module: nn.Module) -> float | None:
    """Return a rectifier's slope below zero, None if a module is none."""
    if isinstance(module, nn.LeakyReLU):
        return module.negative_slope
    return 0.0 if isinstance(module, nn.ReLU) else None
