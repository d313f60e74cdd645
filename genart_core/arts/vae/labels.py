"""What is known of each picture: attributes, read from a table of comma-separated values.

The first line names the columns. `file` is a picture's path below the folder; each other column is
an attribute: two numbers make it binary (0 and 1, or -1 and 1 as in CelebA), other numbers
continuous, words categorical.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Nature: TypeAlias = Literal["binary", "categorical", "continuous"]

MAX_VALUES = 50  # of a categorical attribute
NONE = "none"  # the value that others are measured from


@dataclass(frozen=True)
class Attribute:
    """One column: its name and, if it is categorical, its values in order."""

    name: str
    nature: Nature
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Labels:
    """Attributes of pictures: `codes` is `(pictures, attributes)`.

    A code is 0 or 1 of a binary attribute, the place among `values` of a categorical one, the
    number itself of a continuous one.
    """

    attributes: tuple[Attribute, ...]
    codes: NDArray[np.float32]

    def __getitem__(self, places: NDArray[np.int64] | slice) -> "Labels":
        """Return the labels of some of the pictures."""
        return Labels(self.attributes, self.codes[places])


def read_labels(path: Path, names: Sequence[str]) -> Labels:
    """Return the labels of pictures by their names, in that order.

    Raises:
        ValueError: if the table is none, or doesn't tell all of the pictures.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            columns = [column for column in rows.fieldnames or () if column != "file"]
            table = {row.get("file"): row for row in rows}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} can't be read: {error}") from error
    if not columns or (table and None in table):
        raise ValueError(f"{path} needs a column `file` and at least one attribute")
    missing = [name for name in names if name not in table]
    if missing:
        raise ValueError(f"{path.name} has no line for {len(missing)} pictures, as {missing[0]}")
    found = [_column(path, column, [table[name][column] for name in names]) for column in columns]
    codes = np.stack([values for _, values in found], axis=1).astype(np.float32)
    return Labels(tuple(attribute for attribute, _ in found), codes)


def targets(labels: Labels) -> NDArray[np.float32]:
    """Return `(pictures, dimensions)`: each attribute with mean 0 and variance 1.

    A categorical attribute takes a dimension for each of its values.
    """
    columns = []
    for attribute, codes in zip(labels.attributes, labels.codes.T, strict=True):
        if attribute.nature == "categorical":
            columns += [codes == place for place in range(len(attribute.values))]
        else:
            columns.append(codes)
    whole = np.stack(columns, axis=1).astype(np.float64)
    spread = whole.std(axis=0)
    scaled: NDArray[np.float64] = (whole - whole.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return scaled.astype(np.float32)


def _column(
    path: Path, name: str, texts: Sequence[str | None]
) -> tuple[Attribute, NDArray[np.float64]]:
    if None in texts or "" in texts:
        raise ValueError(f"{path.name} leaves {name} empty in some lines")
    words = [str(text).strip() for text in texts]
    try:
        numbers = np.array([float(word) for word in words])
    except ValueError:
        values = tuple(sorted(set(words), key=lambda word: (word != NONE, word)))
        if len(values) > MAX_VALUES:
            told = f"{path.name} has {len(values)} different words for {name}, as {values[0]!r}"
            raise ValueError(f"{told}; at most {MAX_VALUES} make an attribute") from None
        codes = np.array([values.index(word) for word in words], dtype=np.float64)
        return Attribute(name, "categorical", values), codes
    if not np.isfinite(numbers).all():
        raise ValueError(f"{path.name} has a {name} that is not finite")
    if set(numbers) in ({0.0, 1.0}, {-1.0, 1.0}):
        return Attribute(name, "binary"), (numbers > 0).astype(np.float64)
    return Attribute(name, "continuous"), numbers
