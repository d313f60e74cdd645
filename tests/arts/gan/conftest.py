import io
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from genart_core.arts.gan.painter import Painter
from genart_core.arts.gan.request import GanSampleRequest
from tests.support.gan import CLASSES, TINY, tiny_generator
from tests.support.runs import OneModel, PictureRun

CARD = {"latent": TINY.latent, "classes": [{"name": name} for name in CLASSES]}


class FakeRun(PictureRun):
    """A run of `gan-sample`, of pictures as the generator draws them."""

    def __init__(self, *, stop_at_look: int | None = None, **fields: Any) -> None:
        request = GanSampleRequest.model_validate({"seed": 1, "scale": 1, **fields})
        super().__init__(request, stop_at_look=stop_at_look)

    @property
    def frames(self) -> list[NDArray[np.uint8]]:
        """The frames (H, W, 3) of the film."""
        assert self.artwork is not None, self.failure
        with Image.open(io.BytesIO(self.artwork.outputs[0].data)) as film:
            count: int = film.n_frames  # type: ignore[attr-defined]  # of films
            return [_frame(film, number) for number in range(count)]


class FakeWorkbench(OneModel):
    """A workbench with one painter."""

    art = "gan"


def _frame(film: Image.Image, number: int) -> NDArray[np.uint8]:
    film.seek(number)
    return np.asarray(film.convert("RGB"))


@pytest.fixture(scope="session")
def painter() -> Painter:
    return Painter(tiny_generator(), CARD, "cpu", torch.float32)


@pytest.fixture
def workbench(painter: Painter) -> FakeWorkbench:
    return FakeWorkbench(painter)
