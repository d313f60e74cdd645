"""Files of weights that are written whole or not at all."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import safetensors.torch
from torch import Tensor


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file by way of a synced neighbour and a rename."""
    with _neighbour(path) as neighbour, neighbour.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def save_atomically(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write safetensors in the same way, without a second copy of them in memory."""
    with _neighbour(path) as neighbour:
        safetensors.torch.save_file(dict(tensors), neighbour, dict(metadata))
        with neighbour.open("rb") as file:
            os.fsync(file.fileno())


@contextmanager
def _neighbour(path: Path) -> Iterator[Path]:
    """Lend a name beside `path`, for a file that takes its place if all goes well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    neighbour = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield neighbour
        neighbour.replace(path)
    finally:
        neighbour.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
