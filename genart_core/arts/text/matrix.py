"""Products of int8 matrices that are exact, whatever a machine has for them."""

import warnings
from functools import cache
from typing import Any

import torch
from torch import Tensor

from genart_core.arts.text.stored import LANES


class IntMatrix:
    """Exact products of rows of int8 numbers with an int8 matrix `(out, in)`.

    Products are fp32 whole numbers, and so are rows, unless `dtype` says int8. Without int8
    instructions that are exact the same sums are taken in fp32, where whole numbers are exact up to
    2^24; a matrix that could exceed that, or a device that multiplies in less than fp32, gets fp64.
    So all ways give the same bits.
    """

    def __init__(self, weight: Tensor, device: str) -> None:
        self.packed: Any = None  # FBGEMM's
        if device == "cpu" and is_int8_exact():
            self.transposed = weight.t()
            if _has_fbgemm():
                self.packed = _packed(weight)
        else:
            wide = weight.t().contiguous().double()  # not on the device: MPS has no fp64
            narrow = wide.float().to(device)
            self.transposed = narrow if _is_exact(narrow, wide) else wide.to(device)

    def dtype(self, rows: int) -> torch.dtype:
        """Return what `rows` rows should come as.

        One is quickest as a matrix-vector product in int8, several are with packed weights.
        """
        is_int8 = self.transposed.dtype == torch.int8 and (rows == 1 or self.packed is None)
        return torch.int8 if is_int8 else torch.float32

    def __call__(self, x: Tensor) -> Tensor:
        """Return `(B, out)` for `x` `(B, in)`, whole numbers in [-127, 127]."""
        if self.packed is not None and x.dtype == torch.float32:
            return _product(x, self.packed)
        if self.transposed.dtype == torch.int8:
            return torch._int_mm(x, self.transposed).float()
        return (x.to(self.transposed.dtype) @ self.transposed).float()


@cache
def is_int8_exact() -> bool:
    """True if this CPU's int8 products are exact even at the ends of their range.

    Without VNNI some kernels add pairs of products in 16 bits and saturate.
    """
    weight = torch.full((LANES, 2 * LANES), 127, dtype=torch.int8)
    weight[::3] = -127
    x = torch.full((3, 2 * LANES), 127, dtype=torch.int8)
    x[1] = -127
    expected = x.int() @ weight.int().t()
    try:
        found = [torch._int_mm(x, weight.t()), torch._int_mm(x[1:2], weight.t())]
        if _has_fbgemm():
            found.append(_product(x.float(), _packed(weight)))
    except (AttributeError, RuntimeError):
        return False
    whole = (expected, expected[1:2], expected)
    return all(torch.equal(p.int(), e) for p, e in zip(found, whole, strict=False))


def _is_exact(narrow: Tensor, wide: Tensor) -> bool:
    """Whether fp32 sums stay below 2^24, and `narrow`'s device takes them in fp32, not in less."""
    if float(wide.abs().sum(dim=0).max()) * 127 >= 2**24:
        return False
    x = torch.full((3, len(wide)), 127.0, dtype=torch.float64)
    x[1, ::2], x[2, 1::3] = -127.0, 126.0
    return torch.equal((x.float().to(narrow.device) @ narrow).cpu().double(), x @ wide)


def _packed(weight: Tensor) -> Any:
    engine = torch.backends.quantized.engine
    torch.backends.quantized.engine = "fbgemm"
    try:
        with warnings.catch_warnings():  # a torch without such tensors won't have FBGEMM's products
            warnings.filterwarnings("ignore", ".*quantized tensor creation functions")
            quantized = torch._make_per_tensor_quantized_tensor(weight.contiguous(), 1.0, 0)
        return torch.ops.quantized.linear_prepack(quantized, None)
    finally:
        torch.backends.quantized.engine = engine


def _product(x: Tensor, packed: Any) -> Tensor:
    """Return x times a packed matrix: FBGEMM makes x uint8 by adding 128, with all scales 1."""
    product: Tensor = _operation()(x, 1.0, 128, packed)
    return product


@cache
def _operation() -> Any:
    """Return FBGEMM's product without `torch.ops`' look at each argument, which takes 5 µs."""
    overload = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32.default
    return getattr(overload, "_op", overload)


@cache
def _has_fbgemm() -> bool:
    name = "linear_with_input_q_dq_qweight_dq_output_fp32"
    engines = torch.backends.quantized.supported_engines
    return "fbgemm" in engines and hasattr(torch.ops.quantized, name)
