"""Which device there is and what it can do."""

import math
import os
import time
from collections.abc import Callable
from functools import cache

import torch

from genart_core.memory import available_memory, total_memory

# torch asks for huge pages for tensors of 2 MB or more if this is set before it makes its first:
# a fresh one is then filled with far fewer page faults. Systems that give none ignore it.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

BF16_GAIN = 0.8  # what bfloat16 has to bring at the least, for its loss of precision
PROBE_ROUNDS = 10


def pick_device(wish: str) -> str:
    """Return a torch device for `auto`, `cpu`, `cuda`, `cuda:n` or `mps`.

    Raises:
        ValueError: if the device asked for isn't there.
    """
    if wish == "auto":
        if torch.cuda.is_available():
            return "cuda:0"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    device = torch.device(wish)
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ValueError(f"Device {wish} is not there; CUDA devices: {torch.cuda.device_count()}")
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ValueError("Device mps is not there")
    return "cuda:0" if wish == "cuda" else wish


def use_threads(count: int) -> None:
    """Compute on `count` CPU threads from now on, at most one per core; 0 = one per core."""
    torch.set_num_threads(min(count or _CORES, _CORES))


def threads() -> int:
    """Return how many CPU threads are computed on."""
    return torch.get_num_threads()


def free_memory(device: str) -> int | None:
    """Return the bytes that a job may take on a device, None where that isn't known.

    On CUDA what torch has reserved without using it counts too.
    """
    if device == "cpu":
        return available_memory()
    if not device.startswith("cuda"):
        return None
    unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return torch.cuda.mem_get_info(device)[0] + unused


def all_memory(device: str) -> int | None:
    """Return the bytes that a device has, None where that isn't known."""
    if device == "cpu":
        return total_memory()
    return torch.cuda.mem_get_info(device)[1] if device.startswith("cuda") else None


def dtypes(device: str) -> list[str]:
    """Return the types of numbers that a device has instructions for.

    Whether a network is faster in one of them is another question (`working_dtype`).
    """
    found = {"float32": True, "float16": device != "cpu", "bfloat16": False}
    if device.startswith("cuda"):
        found["bfloat16"] = torch.cuda.is_bf16_supported(including_emulation=False)
    elif device == "cpu":
        has = _capabilities()
        found["float16"] = bool(has.get("avx512_fp16") or has.get("amx_fp16"))
        found["bfloat16"] = bool(has.get("avx512_bf16") or has.get("amx_bf16"))
    return [name for name, is_there in found.items() if is_there]


def multiplies_matrices() -> bool:
    """Whether the processor has instructions for products of whole matrices of bfloat16 (AMX).

    True where torch, being older, can't tell.
    """
    has = _capabilities()
    return not has or bool(has.get("amx_bf16"))


def describe(device: str) -> str:
    """Return the device's own name."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"CPU ({torch.backends.cpu.get_cpu_capability()})" if device == "cpu" else device


@cache
def working_dtype(device: str) -> torch.dtype:
    """Return bfloat16 where a convolution is really faster in it than in float32, else float32.

    Processors take bfloat16 without having instructions for it, many times as slowly, so that the
    first call on a device measures both (a quarter of a second at most).
    """
    if device.startswith("cuda") and not torch.cuda.is_bf16_supported():
        return torch.float32
    contest = {dtype: _convolution(device, dtype) for dtype in (torch.float32, torch.bfloat16)}
    best = dict.fromkeys(contest, math.inf)
    for _ in range(PROBE_ROUNDS):  # by turns, so that what else runs here hinders both
        for dtype, convolve in contest.items():
            start = time.perf_counter()
            convolve()
            best[dtype] = min(best[dtype], time.perf_counter() - start)
    is_faster = best[torch.bfloat16] < BF16_GAIN * best[torch.float32]
    return torch.bfloat16 if is_faster else torch.float32


def _convolution(device: str, dtype: torch.dtype) -> Callable[[], None]:
    """Return a run of one convolution, forward and backward, which has been run once already."""
    form = torch.channels_last
    layer = torch.nn.Conv2d(64, 64, 3, padding=1).requires_grad_(False)
    layer = layer.to(device, dtype).to(memory_format=form)
    x = torch.ones(1, 64, 64, 64, device=device, dtype=dtype).contiguous(memory_format=form)
    x.requires_grad_()

    def run() -> None:
        torch.autograd.grad(layer(x).sum(), x)
        if device.startswith("cuda"):
            torch.cuda.synchronize(device)

    run()
    return run


def _capabilities() -> dict[str, object]:
    """Return what instructions the processor has; an older torch tells of none."""
    found: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return found


_CORES = torch.get_num_threads()
