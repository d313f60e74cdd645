"""3x3 convolutions in float32 on a processor with a fifth of the products.

1. Winograd, Arithmetic complexity of computations, SIAM 1980.
2. Lavin & Gray, Fast algorithms for convolutional neural networks, arXiv:1509.09308.

torch brings NNPACK, which computes F(6x6, 3x3), but asks it for large batches only. The result is
that of the plain sum up to some 1e-5 of its size. Weights are frozen: there is no gradient of them.

Measured on one core: 512 to 512 channels at 64 x 64 places take 45 ms instead of 82, 256 to 256
14 instead of 20, 64 to 64 as long; at 16 x 16 places they take longer. Networks of many 1x1
convolutions, which run slower in the plain layout, lose more than they gain. A second thread makes
it hardly any quicker, but the plain sum twice as quick, so it is for one thread alone.
"""

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

SIDE = 3
LEAST_CHANNELS = 64  # with fewer the transforms take longer than the products that they save
LEAST_PLACES = 24 * 24  # with fewer those of the weights do


class WinogradConv2d(nn.Conv2d):
    """The same as a frozen convolution that it suits, in the plain layout (B, C, H, W)."""

    turned: Tensor

    def __init__(self, layer: nn.Conv2d) -> None:
        outputs, inputs = layer.weight.shape[:2]
        super().__init__(inputs, outputs, SIDE, padding=1, device="meta")
        self.weight = nn.Parameter(layer.weight.detach().contiguous(), requires_grad=False)
        bias = torch.zeros(outputs) if layer.bias is None else layer.bias.detach()
        self.bias = nn.Parameter(bias, requires_grad=False)
        # Backward is a convolution too, with the weights upside down and inside out.
        turned = self.weight.flip(2, 3).transpose(0, 1).contiguous()
        self.register_buffer("turned", turned, persistent=False)

    def forward(self, input: Tensor) -> Tensor:
        """Return what the convolution makes of `(B, C, H, W)`."""
        if input.shape[-2] * input.shape[-1] < LEAST_PLACES:
            return super().forward(input)
        found: Tensor = _Convolution.apply(input, self.weight, self.bias, self.turned)
        return found


class _Convolution(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, turned: Tensor) -> Tensor:
        ctx.turned = turned
        return _convolved(x, weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        return _convolved(gradients[0], ctx.turned, None), None, None, None


@cache
def is_there() -> bool:
    """Whether this processor and torch have NNPACK; asking also sets it up, which it needs."""
    return bool(torch.backends.nnpack.is_available())  # type: ignore[no-untyped-call]


def suits(module: nn.Module) -> bool:
    """Whether a module is a convolution that is quicker so."""
    return (
        isinstance(module, nn.Conv2d)
        and module.kernel_size == (SIDE, SIDE)
        and module.padding == (1, 1)
        and module.stride == module.dilation == (1, 1)
        and module.padding_mode == "zeros"
        and module.groups == 1
        and min(module.in_channels, module.out_channels) >= LEAST_CHANNELS
    )


def pays(network: nn.Module, device: str, dtype: torch.dtype) -> bool:
    """Whether all of a network's convolutions but the first suit, here and in this type."""
    if device != "cpu" or dtype != torch.float32 or torch.get_num_threads() > 1 or not is_there():
        return False
    layers = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    return len(layers) > 1 and all(suits(layer) for layer in layers[1:])


def replaced(module: nn.Module) -> nn.Module:
    """Return a module with all convolutions that it suits replaced, also within it."""
    if isinstance(module, nn.Conv2d) and suits(module):
        return WinogradConv2d(module)
    for name, child in module.named_children():
        setattr(module, name, replaced(child))
    return module


def _convolved(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    return torch._nnpack_spatial_convolution(x.contiguous(), weight, bias, 1)
