"""Portraits of 64 x 64 pixels, drawn from attributes that are independent of each other.

    python -m genart_core.arts.vae.portraits FOLDER --count 20000 --seed 0

writes a labelled set. As everything about a picture is known, what a network learns from such a set
can be checked against the truth. Nothing is taken from elsewhere, so that the pictures are free.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track

from genart_core.arts.vae import dressing, painting
from genart_core.arts.vae.canvas import blank, finished
from genart_core.arts.vae.faces import measured

Value: TypeAlias = bool | float | str
Picture: TypeAlias = NDArray[np.uint8]

EYEWEAR = ("none", "glasses", "sunglasses")
LABELS = "labels.csv"
DECIMALS = 4  # of the numbers drawn: a label is exactly what was rendered


@dataclass(frozen=True)
class Attribute:
    """One thing that can be said about a portrait.

    A `flag` is true or false, a `word` one of `words`, a `number` between `low` and `high`.
    """

    name: str
    kind: Literal["flag", "word", "number"]
    meaning: str
    default: Value
    words: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0

    def checked(self, value: object) -> Value:
        """Return the value as its kind has it.

        Raises:
            ValueError: if the attribute can't have this value.
        """
        if self.kind == "flag" and isinstance(value, bool | np.bool | int) and value in (0, 1):
            return bool(value)
        if self.kind == "word" and isinstance(value, str) and value in self.words:
            return value
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if self.kind == "number" and number and self.low <= float(value) <= self.high:  # type: ignore[arg-type]  # a number
            return float(value)  # type: ignore[arg-type]  # a number
        raise ValueError(f"{self.name} is {value!r}, but has to be {self.allowed}")

    @property
    def allowed(self) -> str:
        """What the value may be, in words."""
        if self.kind == "flag":
            return "true or false"
        if self.kind == "word":
            return "one of " + ", ".join(self.words)
        return f"a number from {self.low:g} to {self.high:g}"

    def drawn(self, generator: np.random.Generator) -> Value:
        """Return a random value; all are equally likely."""
        if self.kind == "flag":
            return bool(generator.random() < 0.5)
        if self.kind == "word":
            return self.words[int(generator.random() * len(self.words))]
        return round(float(generator.uniform(self.low, self.high)), DECIMALS)

    def label(self, value: Value) -> str:
        """Return the value as the label file has it: a flag as 0 or 1."""
        return str(int(value)) if self.kind == "flag" else str(value)


ATTRIBUTES: Mapping[str, Attribute] = {
    attribute.name: attribute
    for attribute in (
        Attribute("smile", "flag", "an open smile instead of closed lips", False),
        Attribute("beard", "flag", "a full beard in the hair's colour", False),
        Attribute("long_hair", "flag", "hair down to the shoulders instead of the ears", False),
        Attribute("hat", "flag", "a knitted hat with a bobble", False),
        Attribute("eyewear", "word", "what is worn before the eyes", "none", EYEWEAR),
        Attribute("skin", "number", "from fair to deep", 0.3),
        Attribute("hair_color", "number", "from black over chestnut and gold to white", 0.4),
        Attribute("age", "number", "from young to old: shape, eyes, blush and wrinkles", 0.3),
        Attribute("head_turn", "number", "from the picture's left to its right", 0.0, low=-1.0),
        Attribute("light", "number", "where it comes from: left to right", 0.5, low=-1.0),
        Attribute("background", "number", "from warm to cool", 0.6),
    )
}


def complete(attributes: Mapping[str, object]) -> dict[str, Value]:
    """Return all attributes in their order: those given, checked, and the others' defaults.

    Raises:
        ValueError: if there is no such attribute, or it can't have that value.
    """
    for name in attributes:
        if name not in ATTRIBUTES:
            raise ValueError(f"There is no attribute {name!r}; there are {', '.join(ATTRIBUTES)}")
    return {
        name: attribute.checked(attributes.get(name, attribute.default))
        for name, attribute in ATTRIBUTES.items()
    }


def draw_attributes(seed: int) -> dict[str, Value]:
    """Return random attributes, independent of each other and of what `render` draws."""
    generator = np.random.default_rng([0, seed])
    return {name: attribute.drawn(generator) for name, attribute in ATTRIBUTES.items()}


def render(attributes: Mapping[str, object], seed: int) -> Picture:
    """Return a portrait `(64, 64, 3)`: the same one each time.

    The seed decides what the attributes don't say: the forms of face, eyes, nose, mouth, brows and
    fringe, the colours of eyes, clothes, hat and frame. Takes about 2 ms.

    Raises:
        ValueError: if there is no such attribute, or it can't have that value.
    """
    given = complete(attributes)
    head, long = measured(given, seed), bool(given["long_hair"])
    canvas = blank()
    tone, sheen = painting.shade(canvas, head), dressing.sheen(canvas, head)
    painting.background(canvas, head)
    if long:
        dressing.hair_behind(canvas, head, sheen)
    painting.body(canvas, head)
    if not long:
        painting.ears(canvas, head)
    painting.face(canvas, head, tone)
    if given["beard"]:
        dressing.whiskers(canvas, head, tone)
    painting.mouth(canvas, head)
    dressing.hair(canvas, head, sheen, long=long)
    if given["hat"]:
        dressing.hat(canvas, head)
    if given["eyewear"] != "none":
        dressing.eyewear(canvas, head, dark=given["eyewear"] == "sunglasses")
    return finished(canvas)


def numbered(seed: int, number: int) -> int:
    """Return the seed of one picture of a set: sets of different seeds share none."""
    return (seed << 32) + number


def write_set(folder: Path, count: int, seed: int) -> Path:
    """Draw a set with random attributes into a folder and return the path of its labels.

    `labels.csv` has a row for each picture: `file`, then one column for each attribute.
    """
    folder.mkdir(parents=True, exist_ok=True)
    labels = folder / LABELS
    with labels.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["file", *ATTRIBUTES])
        for number in track(range(count), "Portraits"):
            name, own = f"{number:06d}.png", numbered(seed, number)
            attributes = draw_attributes(own)
            Image.fromarray(render(attributes, own)).save(folder / name)
            rows.writerow([name, *(ATTRIBUTES[key].label(v) for key, v in attributes.items())])
    return labels


app = typer.Typer(add_completion=False)


@app.command()
def draw(
    folder: Annotated[
        Path, typer.Argument(help="Where the pictures and labels.csv go.", file_okay=False)
    ],
    count: Annotated[int, typer.Option(min=1, help="How many pictures.")] = 20_000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same set.")] = 0,
) -> None:
    """Draw a labelled set of portraits to train a VAE on."""
    labels = write_set(folder, count, seed)
    typer.echo(f"{count} portraits in {folder}, labels in {labels}")


if __name__ == "__main__":
    app()
