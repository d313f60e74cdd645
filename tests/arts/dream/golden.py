"""A small dream that later versions have to make again.

`python -m tests.arts.dream.golden` writes it; the file is looked at before it is committed.
"""

import tempfile
from pathlib import Path
from typing import Any

import torch

from genart_core.arts.dream.generate import generate
from tests.support.features import tiny_network

from .conftest import FakeRun, FakeWorkbench

FILE = Path(__file__).with_name("golden.png")
FIELDS: dict[str, Any] = {
    "layer_contributions": {"relu3_2": 1.0, "relu4_1": 0.5},
    "octaves": 2,
    "iterations": 2,
}


def make() -> bytes:
    """Return the dream as a file."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        network = tiny_network(Path(folder))
    run = FakeRun(**FIELDS)
    generate([run], FakeWorkbench(network))
    assert run.artwork is not None, run.failure
    return run.artwork.outputs[0].data


if __name__ == "__main__":
    FILE.write_bytes(make())
