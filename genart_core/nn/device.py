"""Which device there is and what it can do."""

import torch


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
    """Compute on `count` CPU threads from now on; 0 = as many as there are cores."""
    torch.set_num_threads(count or _CORES)


def free_memory(device: str) -> int | None:
    """Return the free bytes of a CUDA device, None where torch can't tell."""
    return torch.cuda.mem_get_info(device)[0] if device.startswith("cuda") else None


def describe(device: str) -> str:
    """Return the device's own name."""
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    return f"CPU ({torch.backends.cpu.get_cpu_capability()})" if device == "cpu" else device


_CORES = torch.get_num_threads()
