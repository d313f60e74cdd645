"""What this machine can compute on, found without importing torch."""

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_LISTING_SECONDS = 20.0
_UUID = re.compile(r"\(UUID: ([^)]+)\)")


@dataclass(frozen=True)
class Machine:
    """The GPUs we may use, by their CUDA names, and whether there is Metal (mps)."""

    gpus: tuple[str, ...] = ()
    has_mps: bool = False


def look(environment: Mapping[str, str] = os.environ) -> Machine:
    """Look at this machine, through `CUDA_VISIBLE_DEVICES` if that is set."""
    has_mps = sys.platform == "darwin" and platform.machine() == "arm64"
    return Machine(visible(_gpus(), environment.get("CUDA_VISIBLE_DEVICES")), has_mps)


def visible(gpus: tuple[str, ...], mask: str | None) -> tuple[str, ...]:
    """Return the GPUs that a mask leaves, as CUDA reads it: the first impossible entry ends it."""
    if mask is None or not gpus:
        return gpus
    left = []
    for entry in (part.strip() for part in mask.split(",")):
        is_possible = int(entry) < len(gpus) if entry.isdigit() else entry[:4] in ("GPU-", "MIG-")
        if not is_possible:
            break
        left.append(entry)
    return tuple(left)


def parse_listing(listing: str) -> tuple[str, ...]:
    """Read `nvidia-smi -L`: one UUID per GPU, or one per MIG slice where a GPU is sliced.

    UUIDs, since CUDA and nvidia-smi may number the same cards differently.
    """
    gpus: list[list[str]] = []
    for line in listing.splitlines():
        found = _UUID.search(line)
        if found and line.startswith("GPU "):
            gpus.append([found[1]])
        elif found and gpus:
            gpus[-1].append(found[1])
    return tuple(name for card, *slices in gpus for name in (slices or [card]))


def _gpus() -> tuple[str, ...]:
    smi = shutil.which("nvidia-smi")
    if smi is None:
        cards = Path("/proc/driver/nvidia/gpus")
        return tuple(str(i) for i in range(len(list(cards.iterdir())))) if cards.is_dir() else ()
    try:
        done = subprocess.run(  # noqa: S603 - found on the PATH
            [smi, "-L"], capture_output=True, text=True, timeout=_LISTING_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return parse_listing(done.stdout) if done.returncode == 0 else ()
