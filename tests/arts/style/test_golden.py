"""Small pictures as they were when they were last looked at.

`python -m tests.arts.style.test_golden` draws them anew. Other processors and versions of torch
round differently, so they are compared with a tolerance.
"""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor

from genart_core.arts.style.generate import generate
from genart_core.nn.image import Picture, decode, encode
from tests.support.features import write_tiny_network

from .conftest import BLUE, RED, FakeRun, FakeWorkbench, landscape, stripes

CASES: dict[str, dict[str, Any]] = {
    "one": {"iterations": 4, "scales": 2},
    "two": {"iterations": 4, "optimizer": "adam", "init": "noise"},
}


def drawn(name: str, workbench: FakeWorkbench) -> Tensor:
    styles = [stripes(RED)] if name == "one" else [stripes(RED), stripes(BLUE, period=9)]
    run = FakeRun(landscape(), *styles, **CASES[name])
    generate([run], workbench)
    return run.picture


def place(name: str) -> Path:
    return Path(__file__).parent / f"golden_{name}.png"


@pytest.mark.parametrize("name", CASES)
def test_the_picture_is_as_it_was(name: str, workbench: FakeWorkbench) -> None:
    golden = decode(place(name).read_bytes(), max_pixels=10**6).rgb

    picture = drawn(name, workbench)

    assert picture.shape == (3, 64, 64)
    assert (picture - golden).abs().mean() < 2 / 255


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        network = write_tiny_network(Path(folder) / "tiny.safetensors")
        for name in CASES:
            picture = Picture(drawn(name, FakeWorkbench(network)))
            place(name).write_bytes(encode(picture, "png", metadata={}).data)
