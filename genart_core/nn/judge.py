"""`genart models classify` and `genart models eval features`: what a feature network sees."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from genart_core.errors import DamagedWeightsError, UnknownModelError
from genart_core.nn.features import load_network
from genart_core.nn.opening import open_photo
from genart_core.nn.photos import Photo, central_square, find_photos
from genart_core.nn.teacher import Teacher, load_teacher
from genart_core.weights import find_model, read_card

HOME = Path("~/.genart")
SIDE = 224  # pixels of the central square that is looked at
BATCH = 16
TOP = 5

Model = Annotated[str, typer.Option(help="Feature network, by name.")]
Home = Annotated[Path, typer.Option(envvar="GENART_HOME", help="State folder.")]

classify_app = typer.Typer(help="Say what pictures show.")
eval_app = typer.Typer(help="Measure a model.")


@classify_app.command()
def classify(
    images: Annotated[list[Path], typer.Argument(help="Pictures.")],
    model: Model = "features",
    home: Home = HOME,
) -> None:
    """Print a JSON array with the five likeliest classes of each picture.

    One that can't be read is told on standard error and has none; the command then ends with 1.
    """
    look = Eye(_file(model, home))
    found, unread = [], 0
    for path in images:
        try:
            top = look.top(path)
        except ValueError as error:
            typer.echo(f"genart: {error}", err=True)
            top, unread = [], unread + 1
        found.append({"image": str(path), "top": top})
    sys.stdout.write(json.dumps(found) + "\n")
    if unread:
        raise typer.Exit(1)


@eval_app.callback()
def measure() -> None:
    """Measure a model on data that it was not trained on."""


@eval_app.command()
def features(
    folders: Annotated[
        list[Path], typer.Argument(help="Folders of pictures.", exists=True, file_okay=False)
    ],
    teacher: Annotated[Path, typer.Option(help="Tiny Darknet (.npz), which it was trained by.")],
    model: Model = "features",
    home: Home = HOME,
) -> None:
    """Print how often model and teacher see the same in pictures that no training saw.

    Those are every tenth picture of each folder, in the order of names; `Faces_easy` and
    `BACKGROUND_Google` of Caltech-101 are left out.
    """
    try:
        _, photos = find_photos(folders)
        master = load_teacher(teacher)
        same = _agreed(Eye(_file(model, home)), master, photos)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    facts = {"model": model, "pictures": len(photos), "side_px": SIDE, "same_first_class": same}
    agreement = round(same / len(photos), 4)
    sys.stdout.write(json.dumps({**facts, "agreement": agreement}) + "\n")


class Eye:
    """A feature network as a classifier."""

    def __init__(self, path: Path) -> None:
        self.classes: list[dict[str, Any]] = read_card(path).get("classes", [])
        network = load_network(path, "cpu")
        if "logits" not in network.layers:
            raise typer.BadParameter(f"{path.stem} has no classes")
        self._network = network.cut(["logits"], dtype=torch.float32)

    def logits(self, images: torch.Tensor) -> torch.Tensor:
        """Return the logits `(B, classes)` of images `(B, 3, H, W)` in [0, 1]."""
        with torch.inference_mode():
            logits: torch.Tensor = self._network(images)["logits"]
        return logits

    def top(self, path: Path) -> list[dict[str, Any]]:
        """Return the likeliest classes of a picture.

        Raises:
            ValueError: if the file is none.
        """
        image = central_square(open_photo(path), SIDE)
        likely = self.logits(image[None]).softmax(1)[0]
        probabilities, places = likely.topk(min(TOP, len(likely)))
        pairs = zip(probabilities.tolist(), places.tolist(), strict=True)
        return [
            {
                "wnid": self.classes[place].get("wnid", ""),
                "name": self.classes[place]["name"],
                "probability": round(probability, 6),
            }
            for probability, place in pairs
        ]


def _agreed(look: Eye, master: Teacher, photos: list[Photo]) -> int:
    """Return of how many pictures both say the same.

    Raises:
        ValueError: if one can't be read, or the classes are not the same.
    """
    known, taught = len(look.classes), len(master.classes)
    if known != taught:
        raise ValueError(f"The model tells {known} classes apart, its teacher {taught}")
    same = 0
    for start in range(0, len(photos), BATCH):
        batch = squares(photos[start : start + BATCH])
        same += int((look.logits(batch).argmax(1) == master(batch)["logits"].argmax(1)).sum())
    return same


def squares(photos: list[Photo]) -> torch.Tensor:
    """Return the centres of pictures, `(B, 3, SIDE, SIDE)`."""
    return torch.stack([central_square(open_photo(photo.path), SIDE) for photo in photos])


def _file(model: str, home: Path) -> Path:
    try:
        return find_model("features", model, home.expanduser()).path
    except (UnknownModelError, DamagedWeightsError) as error:
        raise typer.BadParameter(str(error)) from error
