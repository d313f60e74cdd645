"""A small sheet that later versions have to draw again.

`python -m tests.arts.gan.golden` writes it; the file is looked at before it is committed.
"""

import io
from pathlib import Path

import torch
from PIL import Image

from genart_core.arts.gan.generate import generate
from genart_core.arts.gan.painter import Painter
from tests.support.gan import tiny_generator

from .conftest import CARD, FakeRun, FakeWorkbench

FILE = Path(__file__).with_name("golden.png")


def make() -> Image.Image:
    """Return the sheet."""
    torch.set_num_threads(1)
    run = FakeRun(count=6, layout="sheet", columns=3, truncation=0.9)
    generate([run], FakeWorkbench(Painter(tiny_generator(), CARD, "cpu", torch.float32)))
    assert run.artwork is not None, run.failure
    return Image.open(io.BytesIO(run.artwork.outputs[0].data)).convert("RGB")


if __name__ == "__main__":
    make().save(FILE)
