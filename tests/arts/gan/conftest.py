import dataclasses
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from genart_core.arts.gan.painter import Painter
from genart_core.arts.gan.request import GanSampleRequest
from genart_core.artwork import Artwork, Model, Run
from genart_core.nn.image import decode
from tests.support.gan import CLASSES, TINY, tiny_generator

CARD = {"latent": TINY.latent, "classes": [{"name": name} for name in CLASSES]}


class FakeRun:
    """A run that remembers what was said to it, and may stop after so many looks."""

    def __init__(self, *, stop_at_look: int | None = None, **fields: Any) -> None:
        self.request: Any = GanSampleRequest.model_validate({"seed": 1, **fields})
        self.stop_at_look = stop_at_look
        self.looks = 0
        self.wants_preview = False
        self.artwork: Artwork | None = None
        self.failure: tuple[str, str] | None = None
        self.steps: list[tuple[int, int]] = []

    @property
    def stopped(self) -> bool:
        self.looks += 1
        return self.stop_at_look is not None and self.looks >= self.stop_at_look

    def input(self, ref: str) -> bytes:
        raise AssertionError("a generator reads no pictures")

    def progress(self, step: int, total: int) -> None:
        self.steps.append((step, total))

    def token(self, sample: int, text: str) -> None:
        raise AssertionError("a picture has no text")

    def preview(self, data: bytes, media_type: str, *, width: int, height: int) -> None:
        raise AssertionError("nothing is shown before it is done")

    def finish(self, artwork: Artwork) -> None:
        assert self.artwork is None
        self.artwork = artwork

    def fail(self, code: str, detail: str) -> None:
        self.failure = (code, detail)

    @property
    def result(self) -> dict[str, Any]:
        assert self.artwork is not None, self.failure
        return self.artwork.result

    @property
    def outputs(self) -> list[Tensor]:
        """The pictures (3, H, W) in [0, 1]."""
        assert self.artwork is not None, self.failure
        return [decode(output.data, max_pixels=10**8).rgb for output in self.artwork.outputs]

    @property
    def frames(self) -> list[NDArray[np.uint8]]:
        """The frames (H, W, 3) of the film."""
        assert self.artwork is not None, self.failure
        with Image.open(io.BytesIO(self.artwork.outputs[0].data)) as film:
            count: int = film.n_frames  # type: ignore[attr-defined]  # of films
            return [_frame(film, number) for number in range(count)]


@dataclasses.dataclass
class FakeWorkbench:
    """A workbench with one generator."""

    painter: Painter
    device: str = "cpu"

    def model(self, art: str, name: str, load: Callable[[Path, str], Model]) -> Model:
        assert art == "gan"
        held: Any = self.painter
        model: Model = held
        return model

    def more(self, room: int) -> Sequence[Run]:
        return []


def _frame(film: Image.Image, number: int) -> NDArray[np.uint8]:
    film.seek(number)
    return np.asarray(film.convert("RGB"))


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def painter() -> Painter:
    return Painter(tiny_generator(), CARD, "cpu", torch.float32)


@pytest.fixture
def workbench(painter: Painter) -> FakeWorkbench:
    return FakeWorkbench(painter)
