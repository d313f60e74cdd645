"""Compiled convolutions as torch sees them: `python -m genart_core.nn.native PATH` checks a file.

Every shape is checked here, before C sees an address.
"""

import ctypes
import sys
import threading
from ctypes import POINTER, byref, c_float, c_int, c_int64, c_void_p
from functools import cache
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from genart_core.native.build import WINOGRAD
from genart_core.native.kernel import Kernel, Plan, Signatures, UnusableError, opened

ABI = 2
POINTS = 36
PANEL = 32  # outputs whose weights lie together
UNIT = 16  # channels come in multiples of it
# Of the largest value, what a sound library may be off by at the most.
CLOSE = {torch.float32: 3e-5, torch.bfloat16: 4e-3}
# From three weights in a row to six points (2 of `winograd`, figure 4; rows for 0, 1, -1, 2, -2 and
# infinity).
RISE = (
    (1 / 4, 0.0, 0.0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0.0, 0.0, 1.0),
)


class _Convolution(ctypes.Structure):
    _fields_ = [
        *((name, c_void_p) for name in ("x", "mask", "weights", "bias", "y")),
        *((name, c_int64) for name in ("batch", "height", "width", "inputs", "outputs", "is_half")),
        ("leak", c_float),
    ]


def transformed(weight: Tensor) -> Tensor:
    """Return weights `(outputs, inputs, 3, 3)` as C reads them: `(36 * panels, inputs, 32)`."""
    outputs, inputs = weight.shape[:2]
    rise = torch.tensor(RISE, dtype=torch.float64)
    padded = F.pad(weight.detach().flatten(2), (0, 0, 0, 0, 0, -outputs % PANEL))
    panels = padded.view(-1, PANEL, inputs, 9).permute(3, 0, 2, 1)
    points: Tensor = torch.kron(rise, rise) @ panels.reshape(9, -1).double()
    return points.float().view(-1, inputs, PANEL)


@cache
def torch_team() -> int | None:
    """Return the address of what runs torch's own threads, None where they aren't GNU OpenMP's.

    Those spin for milliseconds when torch's work is done, so that a thread of anybody else's waits
    for a core; and where the work is small, it is done before one of ours has begun.
    """
    for path in (Path(torch.__file__).parent / "lib").glob("libgomp*"):
        try:
            return ctypes.cast(ctypes.CDLL(str(path)).GOMP_parallel, c_void_p).value
        except (OSError, AttributeError):
            continue
    return None


class Library:
    """A compiled `winograd.c`; `lanes` is how many floats its vectors have, 16 or 8.

    `team` is what runs its threads, None for threads of its own.

    Raises:
        UnusableError: if it is none, is another version's, or this CPU can't run it.
    """

    def __init__(self, path: Path) -> None:
        self._dll = opened(path, "genart_winograd_", ABI, SIGNATURES)
        self.lanes: int = self._dll.genart_winograd_lanes()
        if not self.lanes:
            raise UnusableError("this CPU has neither AVX-512 nor AVX2")
        self.team = torch_team()
        self._desks = threading.local()

    def convolve(
        self,
        x: Tensor,
        weights: Tensor,
        outputs: int,
        *,
        bias: Tensor | None = None,
        mask: Tensor | None = None,
        leak: float = 1.0,
    ) -> Tensor:
        """Return the convolution `(B, outputs, H, W)` of `(B, inputs, H, W)`.

        Both are in float32 or in bfloat16; what lies between is in float32, as `weights`, which are
        transformed, and `bias` are. `leak` is the slope below zero of the rectifier that follows, 1
        for none. With a `mask` like `x` the rectifier comes before, and leaks where the mask isn't
        positive. Runs on torch's threads' number.

        Raises:
            ValueError: if something doesn't fit.
        """
        batch, inputs, height, width = x.shape
        panels = -(-outputs // PANEL)
        _require(weights, (POINTS * panels, inputs, PANEL))
        if bias is not None:
            _require(bias, (outputs,))
        if inputs % UNIT or outputs % UNIT:
            raise ValueError(f"{inputs} to {outputs} channels don't fit")
        if mask is not None and (mask.shape, mask.dtype) != (x.shape, x.dtype):
            raise ValueError("the mask doesn't fit")
        x, mask = _last(x), None if mask is None else _last(mask)
        last = torch.channels_last
        y = torch.empty((batch, outputs, height, width), dtype=x.dtype, memory_format=last)
        if not y.numel():
            return y
        places = (None if t is None else t.data_ptr() for t in (x, mask, weights, bias, y))
        is_half = x.dtype == torch.bfloat16
        job = _Convolution(*places, batch, height, width, inputs, outputs, is_half, leak)
        threads = torch.get_num_threads()
        desk = self._desk(self._dll.genart_winograd_scratch(byref(job), threads))
        convolve, how = self._dll.genart_winograd_convolve, (threads, self.lanes, self.team)
        if convolve(byref(job), desk.data_ptr(), *how):
            raise ValueError(f"vectors of {self.lanes} floats can't be had here")
        return y

    def _desk(self, size: int) -> Tensor:
        """Return memory to work in, which a thread keeps: fresh pages would take longer."""
        desk: Tensor | None = getattr(self._desks, "memory", None)
        if desk is None or desk.numel() < size:
            desk = self._desks.memory = torch.empty(size)
        return desk


SIGNATURES: Signatures = {
    "abi": (c_int, []),
    "lanes": (c_int, []),
    "scratch": (c_int64, [POINTER(_Convolution), c_int64]),
    "convolve": (c_int, [POINTER(_Convolution), c_void_p, c_int64, c_int64, c_void_p]),
}


def require_sound(library: Library) -> None:
    """Compare convolutions with those in float64.

    Raises:
        UnusableError: if they differ.
    """
    random = torch.Generator().manual_seed(0)
    for inputs, outputs, height, width in ((16, 48, 9, 13), (48, 16, 40, 30), (32, 64, 1, 1)):
        x = torch.randn(2, inputs, height, width, generator=random)
        weight = torch.randn(outputs, inputs, 3, 3, generator=random)
        bias, mask = torch.randn(outputs, generator=random), torch.randn(x.shape, generator=random)
        for dtype, close in CLOSE.items():
            x, mask = x.to(dtype), mask.to(dtype)
            made = library.convolve(
                x, transformed(weight), outputs, bias=bias, mask=mask, leak=0.25
            )
            bent = torch.where(mask > 0, x.double(), 0.25 * x.double())
            wanted = F.conv2d(bent, weight.double(), bias.double(), padding=1)
            if not (made - wanted).abs().max() < close * wanted.abs().max():
                raise UnusableError("the compiled convolutions are not those of torch")


CONVOLUTIONS = Plan(
    WINOGRAD, Library, require_sound, program="genart_core.nn.native", purpose="convolutions"
)


@cache
def kernel() -> Kernel[Library]:
    """Return this process's."""
    return Kernel.of_settings(CONVOLUTIONS)


def _require(tensor: Tensor, shape: tuple[int, ...]) -> None:
    if tensor.dtype != torch.float32 or tensor.shape != shape or not tensor.is_contiguous():
        raise ValueError(f"{tensor.dtype} {tuple(tensor.shape)} is not float32 {shape}")


def _last(tensor: Tensor) -> Tensor:
    if tensor.dtype not in CLOSE or tensor.device.type != "cpu":
        raise ValueError(f"{tensor.dtype} on {tensor.device} is not float32 or bfloat16 on the CPU")
    return tensor.detach().contiguous(memory_format=torch.channels_last)


if __name__ == "__main__":
    sys.exit(CONVOLUTIONS.examine(Path(sys.argv[1])))
