from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from examples.portraits import FOLDER, KEPT, attribute_sheet, joined, lady, random_sheet
from genart_core.arts.vae.portraits import ATTRIBUTES, Attribute

SHEETS = {"drawn": random_sheet, "attributes": attribute_sheet}
PAGE = Path(__file__).parents[2] / "docs" / "portraits.md"


@pytest.mark.parametrize("name", SHEETS)
def test_the_script_draws_the_sheets_that_are_shown(name: str) -> None:
    with Image.open(FOLDER / f"portraits_{name}.jpg") as image:
        kept = np.asarray(image.convert("RGB")).astype(float)

    again = np.asarray(joined(SHEETS[name](), scale=2)).astype(float)

    assert again.shape == kept.shape
    # What the JPEG loses is 2 levels; another sheet differs by 30.
    assert np.abs(again - kept).mean() < 4.0


def test_the_script_draws_the_portrait_that_is_kept() -> None:
    with Image.open(KEPT) as image:
        kept = np.asarray(image.convert("RGB")).astype(int)

    assert np.abs(np.asarray(lady()).astype(int) - kept).max() <= 1


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_the_page_describes_every_attribute(name: str) -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith(f"| `{name}` |")]
    attribute = ATTRIBUTES[name]

    assert len(rows) == 1
    _, _, values, meaning, default, _ = (cell.strip() for cell in rows[0].split("|"))
    assert values == shown(attribute)
    assert meaning.startswith(attribute.meaning)
    assert default.strip("`") == attribute.label(attribute.default).removesuffix(".0")


def shown(attribute: Attribute) -> str:
    """Return an attribute's values as the page has them."""
    if attribute.kind == "number":
        return f"{attribute.low:g} to {attribute.high:g}"
    return ", ".join(f"`{word}`" for word in attribute.words) or "0, 1"
