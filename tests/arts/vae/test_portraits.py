"""Portraits: what is said is what is seen, there and nowhere else.

`python -m tests.arts.vae.test_portraits` draws the golden sheet anew.
"""

import csv
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from cli.main import app
from genart_core.arts.vae.faces import measured
from genart_core.arts.vae.portraits import (
    ATTRIBUTES,
    Attribute,
    complete,
    draw_attributes,
    numbered,
    render,
    write_set,
)

GOLDEN = Path(__file__).with_name("golden_portraits.png")
SEEDS = range(6)

# What changes, into what, and the rows and columns outside of which all pixels stay equal.
PLACES: dict[str, tuple[object, slice, slice]] = {
    "smile": (True, slice(38, 53), slice(19, 45)),
    "beard": (True, slice(28, 58), slice(10, 54)),
    "hat": (True, slice(0, 30), slice(8, 56)),
    "glasses": ("glasses", slice(27, 44), slice(12, 52)),
    "sunglasses": ("sunglasses", slice(27, 44), slice(12, 52)),
    "skin": (0.9, slice(17, 64), slice(9, 55)),
    "hair_color": (0.9, slice(4, 39), slice(9, 55)),
    "age": (0.9, slice(2, 64), slice(8, 56)),
    "head_turn": (1.0, slice(3, 57), slice(7, 57)),
}


def sheet() -> NDArray[np.uint8]:
    """Return eight portraits, four in a row."""
    rows = [[render(draw_attributes(4 * y + x), 4 * y + x) for x in range(4)] for y in range(2)]
    return np.concatenate([np.concatenate(row, axis=1) for row in rows], axis=0)


def changed(name: str, value: object, seed: int, **others: object) -> NDArray[np.bool]:
    """Return which pixels `(64, 64)` an attribute changes."""
    name = "eyewear" if name.endswith("glasses") else name
    difference = render(others, seed) != render({**others, name: value}, seed)
    found: NDArray[np.bool] = difference.any(axis=-1)
    return found


def values(attribute: Attribute) -> st.SearchStrategy[Any]:
    """Return every value that an attribute can have."""
    if attribute.kind == "flag":
        return st.booleans()
    if attribute.kind == "word":
        return st.sampled_from(attribute.words)
    return st.floats(attribute.low, attribute.high)


def as_numbers(drawn: Mapping[str, object]) -> list[float]:
    """Return attributes as numbers, a word as one flag per choice but the first."""
    flags = [float(drawn["eyewear"] == word) for word in ATTRIBUTES["eyewear"].words[1:]]
    return flags + [float(drawn[n]) for n in ATTRIBUTES if n != "eyewear"]  # type: ignore[arg-type]  # numbers


@given(
    attributes=st.fixed_dictionaries({}, optional={n: values(a) for n, a in ATTRIBUTES.items()}),
    seed=st.integers(0, 2**40),
)
@settings(max_examples=60)
def test_every_portrait_can_be_drawn_and_drawn_again(
    attributes: dict[str, object], seed: int
) -> None:
    picture = render(attributes, seed)

    assert picture.shape == (64, 64, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 10
    assert np.array_equal(picture, render(dict(reversed(attributes.items())), seed))


def test_the_sheet_is_as_it_was() -> None:
    with Image.open(GOLDEN) as image:
        golden = np.asarray(image.convert("RGB")).astype(float)

    assert np.abs(sheet() - golden).mean() < 0.5


def test_the_seed_varies_what_no_attribute_says() -> None:
    pictures = [render({}, seed).astype(float) for seed in SEEDS]
    corners = [picture[:8, :8] for picture in pictures]

    for one, other in combinations(pictures, 2):
        assert 1.0 < np.abs(one - other).mean() < 30.0
    for one, other in combinations(corners, 2):
        assert np.abs(one - other).mean() < 3.0


@pytest.mark.parametrize("name", PLACES)
@pytest.mark.parametrize("seed", SEEDS)
def test_an_attribute_changes_its_place_and_no_other(name: str, seed: int) -> None:
    value, rows, columns = PLACES[name]

    there = changed(name, value, seed)
    inside = there[rows, columns].sum()
    there[rows, columns] = False

    assert inside > 60
    assert not there.any()


@pytest.mark.parametrize("seed", SEEDS)
def test_long_hair_falls_beside_the_face_and_leaves_it(seed: int) -> None:
    there = changed("long_hair", True, seed)

    assert there[40:56, 10:22].sum() > 60
    assert there[40:56, 42:54].sum() > 60
    assert not there[28:46, 24:40].any()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_background_changes_behind_the_sitter_alone(seed: int) -> None:
    there = changed("background", 0.1, seed)

    assert there[:30, :8].all()
    assert there[:30, -8:].all()
    assert not there[16:44, 24:40].any()


@pytest.mark.parametrize("seed", SEEDS)
def test_light_from_the_left_brightens_the_left(seed: int) -> None:
    left, right = (render({"light": at}, seed).astype(float) for at in (-1.0, 1.0))

    brighter = (left - right).mean(axis=(0, 2))

    assert brighter[:28].min() > 0
    assert brighter[36:].max() < 0


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("name", "value", "others"),
    [
        ("long_hair", True, {"hat": True}),
        ("hair_color", 1.0, {"hat": True}),
        ("smile", True, {"beard": True}),
        ("age", 1.0, {"eyewear": "sunglasses", "beard": True, "hat": True, "long_hair": True}),
        ("beard", True, {"smile": True, "long_hair": True, "head_turn": -1.0}),
        ("eyewear", "glasses", {"hat": True, "long_hair": True, "head_turn": 1.0}),
        ("skin", 1.0, {"eyewear": "sunglasses", "beard": True, "hat": True}),
    ],
)
def test_nothing_hides_another_attribute(
    name: str, value: object, others: dict[str, object], seed: int
) -> None:
    one, other = render(others, seed), render({**others, name: value}, seed)

    clear = np.abs(one.astype(float) - other).mean(axis=-1) > 12

    assert clear.sum() > 45


def test_attributes_are_drawn_evenly_and_independently() -> None:
    numbers = np.array([as_numbers(draw_attributes(seed)) for seed in range(4000)])
    expected = [1 / 3, 1 / 3, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.0, 0.0, 0.5]

    likeness = np.corrcoef(numbers, rowvar=False) - np.eye(numbers.shape[1])
    likeness[0, 1] = likeness[1, 0] = 0.0  # two words of one attribute exclude each other

    assert np.abs(numbers.mean(axis=0) - expected).max() < 0.05
    assert np.abs(likeness).max() < 0.07


def test_what_the_seed_says_is_independent_of_the_attributes() -> None:
    numbers, own = [], []
    for seed in range(2000):
        head = measured(complete({}), seed)
        numbers.append(as_numbers(draw_attributes(seed)))
        own.append([head.x, head.width, head.sweep, head.mouth, head.lens, *head.hat])

    likeness = np.corrcoef(np.array(numbers), np.array(own), rowvar=False)

    assert np.abs(likeness[: len(numbers[0]), len(numbers[0]) :]).max() < 0.09


def test_left_out_attributes_have_their_defaults() -> None:
    defaults = {name: attribute.default for name, attribute in ATTRIBUTES.items()}

    assert complete({}) == defaults
    assert complete({"hat": 1, "age": 1}) == {**defaults, "hat": True, "age": 1.0}
    assert np.array_equal(render({}, 3), render(defaults, 3))


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"wig": True}, "There is no attribute 'wig'; there are smile, beard"),
        ({"smile": 2}, "smile is 2, but has to be true or false"),
        ({"smile": "yes"}, "smile is 'yes', but has to be true or false"),
        ({"eyewear": "monocle"}, "has to be one of none, glasses, sunglasses"),
        ({"eyewear": 1}, "eyewear is 1, but has to be one of"),
        ({"age": 1.01}, "age is 1.01, but has to be a number from 0 to 1"),
        ({"head_turn": -2}, "head_turn is -2, but has to be a number from -1 to 1"),
        ({"light": float("nan")}, "light is nan"),
        ({"skin": True}, "skin is True"),
        ({"skin": "fair"}, "skin is 'fair'"),
    ],
)
def test_what_cannot_be_drawn_is_refused(attributes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        render(attributes, 0)


def test_the_labels_say_what_was_drawn(tmp_path: Path) -> None:
    labels = write_set(tmp_path / "faces", 12, seed=5)

    with labels.open(newline="") as file:
        rows = list(csv.DictReader(file))

    assert [*rows[0]] == ["file", *ATTRIBUTES]
    assert len(rows) == 12
    for number, row in enumerate(rows):
        own = numbered(5, number)
        with Image.open(labels.parent / row.pop("file")) as image:
            assert np.array_equal(np.asarray(image), render(read(row), own))
        assert read(row) == draw_attributes(own)


def read(row: dict[str, str]) -> dict[str, object]:
    """Return the attributes of one row of labels."""
    flags = {name for name, attribute in ATTRIBUTES.items() if attribute.kind == "flag"}
    words = {name for name, attribute in ATTRIBUTES.items() if attribute.kind == "word"}
    assert {row[name] for name in flags} <= {"0", "1"}
    numbers = {name: float(value) for name, value in row.items() if name not in flags | words}
    return {**numbers, **{n: row[n] == "1" for n in flags}, **{n: row[n] for n in words}}


def test_the_command_draws_the_same_set_each_time(tmp_path: Path) -> None:
    def files(folder: Path, *options: str) -> dict[str, bytes]:
        done = CliRunner().invoke(app, ["portraits", str(folder), "--count", "3", *options])
        assert done.exit_code == 0, done.output
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    one, again = files(tmp_path / "one"), files(tmp_path / "again", "--seed", "0")
    other = files(tmp_path / "other", "--seed", "1")

    assert set(one) == {"000000.png", "000001.png", "000002.png", "labels.csv"}
    assert one == again
    assert not set(one.values()) & set(other.values())


def test_a_file_is_no_folder_for_a_set(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()

    done = CliRunner().invoke(app, ["portraits", str(tmp_path / "taken")])

    assert done.exit_code == 2
    assert "Invalid value for" in done.output


if __name__ == "__main__":
    Image.fromarray(sheet()).save(GOLDEN)
