"""The art of docs/how-to/add-an-art.md, without a service."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from examples.turing import TuringRequest
from examples.turing.generate import generate, grown
from genart_core.artwork import Artwork


class Sheet:
    """A run that keeps what it is told; it is stopped after so many looks."""

    def __init__(self, looks: int = 1000, **fields: Any) -> None:
        self.request = TuringRequest(**{"seed": 1, "size": 48, "steps": 1200, **fields})
        self.looks, self.steps = looks, list[int]()
        self.made: Artwork | None = None

    @property
    def stopped(self) -> bool:
        self.looks -= 1
        return self.looks < 0

    wants_preview = False

    def progress(self, step: int, total: int) -> None:
        self.steps.append(step)

    def finish(self, artwork: Artwork) -> None:
        self.made = artwork


def made(**fields: Any) -> Artwork:
    run = Sheet(**fields)
    generate([run], None)  # type: ignore[list-item, arg-type]  # it asks for nothing else
    assert run.made is not None
    return run.made


def test_a_pattern_is_a_picture_of_ink_on_paper() -> None:
    (output,) = made().outputs
    image = Image.open(io.BytesIO(output.data))
    values = np.asarray(image.convert("L")).astype(float)

    assert (output.media_type, image.size) == ("image/png", (48, 48))
    assert (output.width, output.height) == (48, 48)
    assert values.min() < 100 < 200 < values.max()


def test_a_seed_gives_one_pattern_and_another_seed_another() -> None:
    first, again, other = made(), made(), made(seed=2)

    assert first == again
    assert first.outputs != other.outputs


def test_spots_cover_less_than_a_maze() -> None:
    spots, maze = (made(pattern=name, steps=3000).result["covered"] for name in ("spots", "maze"))

    assert 0.05 < spots < maze / 2


@pytest.mark.parametrize("looks", [0, 3])
def test_a_stopped_run_ends_at_its_next_look(looks: int) -> None:
    run = Sheet(looks)
    generate([run], None)  # type: ignore[list-item, arg-type]  # it asks for nothing else

    assert run.made is None
    assert run.steps == [50 * n for n in range(1, looks + 1)]


def test_nothing_is_lost_over_the_edge() -> None:
    run = Sheet(size=32, steps=200)
    v = grown(run)  # type: ignore[arg-type]  # all that it needs

    assert v is not None
    assert np.isfinite(v).all()
    assert v.min() >= 0
