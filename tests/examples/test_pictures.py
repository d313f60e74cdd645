import numpy as np
import pytest
from PIL import Image

from examples.pictures import FOLDER, PICTURES, drawn

BUDGET_BYTES = 1_000_000


@pytest.mark.parametrize("name", PICTURES)
def test_the_script_draws_the_pictures_that_are_kept(name: str) -> None:
    with Image.open(FOLDER / f"{name}.jpg") as image:
        kept = np.asarray(image.convert("RGB")).astype(float)

    again = np.asarray(drawn(name)).astype(float)

    assert again.shape == kept.shape
    # What the JPEG loses is 2 to 8 levels; another picture differs by 40 and more.
    assert np.abs(again - kept).mean() < 12.0


def test_all_that_is_kept_is_drawn_and_small() -> None:
    files = {path.stem: path.stat().st_size for path in FOLDER.iterdir()}

    assert set(files) == {*PICTURES, "portrait"}
    assert sum(files.values()) <= BUDGET_BYTES
