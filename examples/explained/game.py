"""A generator and a discriminator at play, on portraits that the project's renderer draws."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.rig.client import Service
from examples.explained.plate import Axes, chart, column, labelled, row

PICTURES, STEPS = 3000, 2000
SHOWN = (100, 200, 400, 800, 1400, 2000)  # steps, a hundred of which are a sheet
ACROSS, SIDE, SPACE = 8, 64, 2
TRAIN = (
    *("--size", "32", "--width", "16", "--critic-width", "16", "--depth", "0"),
    *("--critic-depth", "0", "--batch", "32", "--augment", "none", "--averaging", "0.98"),
    *("--learning-rate", "0.0004", "--sheet-steps", "100", "--minutes", "60"),
)


def plate(service: Service) -> Image.Image:
    """Train for some minutes; return what the same latents gave at some steps, and who won."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        _genart("portraits", str(home / "faces"), "--count", str(PICTURES))
        steps = ("--steps", str(STEPS), "--home", folder)
        _genart("train", "gan", str(home / "faces"), "--name", "game", *TRAIN, *steps)
        return shown(home)


def shown(home: Path) -> Image.Image:
    """Return the plate of a training that has ended."""
    real = row([_face(home / "faces" / f"{i:06d}.png") for i in range(ACROSS)])
    sheets = {step: home / "runs" / "gan" / "game" / f"step-{step:06d}.png" for step in SHOWN}
    rows = [labelled(_first(path), f"step {step}") for step, path in sheets.items()]
    model = home / "models" / "gan" / "game.safetensors"
    return column([labelled(real, "drawn by\nthe renderer"), *rows, curves(card_of(model)["log"])])


def curves(log: list[dict[str, Any]]) -> Image.Image:
    """Return how often the discriminator was right, and how various the pictures were."""
    axes = Axes((0, STEPS), (0, 1), range(0, STEPS + 1, 400), (0, 0.25, 0.5, 0.75, 1), "step", "")
    named = {"discriminator right": "accuracy", "variety": "variety"}
    return chart(
        axes,
        {words: [(each["steps"], each[key]) for each in log] for words, key in named.items()},
    )


def card_of(path: Path) -> dict[str, Any]:
    """Return the card of a model."""
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    card: dict[str, Any] = json.loads(header["__metadata__"]["card"])
    return card


def _face(path: Path) -> Image.Image:
    with Image.open(path) as image:
        small = image.convert("RGB").resize((SIDE // 2, SIDE // 2), Image.Resampling.LANCZOS)
    return small.resize((SIDE, SIDE), Image.Resampling.NEAREST)


def _first(path: Path) -> Image.Image:
    """Return the first pictures of a sheet."""
    with Image.open(path) as sheet:
        image = sheet.convert("RGB")
    places = [(SIDE + SPACE) * number for number in range(ACROSS)]
    return row([image.crop((left, 0, left + SIDE, SIDE)) for left in places])


def _genart(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "cli.main", *words], check=True)  # noqa: S603  ours
