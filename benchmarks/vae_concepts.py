"""Whether concepts do what they are called: `python -m benchmarks.vae_concepts FOLDER`.

Portraits are drawn, sent through `vae-edit`, and looked at by a judge: a small classifier that was
trained on clean renders alone (a few minutes; kept in FOLDER) and reads every attribute. Each
concept is added with strength 1.0 to the renders that lack its attribute; it has to be there then,
and every other attribute as it was in the plain reconstruction. Concepts of numbers have to move
what the judge reads by about the distance between the lowest and the highest third.

Goes through a running service (`--url`), or with `--local` through the generator in this process.
Exits with 1 when a bar is missed.
"""

import argparse
import base64
import io
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from benchmarks.rig.alone import LoneBench, LoneRun
from benchmarks.rig.client import Service
from benchmarks.rig.figures import table
from benchmarks.rig.judge import BINARY, EYEWEAR, Judge, Reading, trained_judge
from genart_core.arts.vae.generate import edit
from genart_core.arts.vae.portraits import draw_attributes, numbered, render
from genart_core.arts.vae.request import VaeEditRequest
from genart_core.weights import find_model

RENDERS = 500
FRESH_SET, TEST_SET = 102, 103  # of seeds that no training saw
FLIPPED, KEPT, MOVED = 0.95, 0.05, (0.5, 1.5)
JUDGED, RECONSTRUCTED = 0.99, 0.97
JUDGED_NUMBERS = ("age", "head_turn", "light")
HOME = Path("~/.genart")

Pixels: TypeAlias = NDArray[np.uint8]
Edit: TypeAlias = Callable[[Sequence[Pixels], Mapping[str, float]], Pixels]


@dataclass
class Row:
    """One line of the table, and whether it reaches its bars."""

    cells: list[str]
    is_met: bool


def locally(model: Path) -> Edit:
    """Return how pictures are edited in this process, by the generator itself."""
    bench = LoneBench(model)

    def made(pictures: Sequence[Pixels], concepts: Mapping[str, float]) -> Pixels:
        request = VaeEditRequest(
            image=f"asset:{'0' * 64}", concepts=dict(concepts), seed=1, scale=1
        )
        runs = [LoneRun(request, {request.image: png(picture)}) for picture in pictures]
        edit(runs, bench)
        artworks = [run.artwork for run in runs if run.artwork is not None]
        return np.stack([pixels(artwork.outputs[0].data) for artwork in artworks])

    return made


def over_http(url: str, model: str) -> Edit:
    """Return how pictures are edited by a running service."""
    service = Service(url)

    def made(pictures: Sequence[Pixels], concepts: Mapping[str, float]) -> Pixels:
        addresses = []
        for picture in pictures:
            image = f"data:image/png;base64,{base64.b64encode(png(picture)).decode()}"
            body = {"image": image, "concepts": dict(concepts), "model": model, "scale": 1}
            addresses.append(service.post("vae-edit", body))
        return np.stack([pixels(service.output(service.wait(each))) for each in addresses])

    return made


def png(picture: Pixels) -> bytes:
    """Return a picture as a file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def pixels(data: bytes) -> Pixels:
    """Return the pixels `(64, 64, 3)` of a file."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


def portraits(group: int, count: int) -> tuple[Pixels, list[Mapping[str, Any]]]:
    """Return renders of a set of seeds and what was rendered."""
    seeds = [numbered(group, number) for number in range(count)]
    attributes = [draw_attributes(seed) for seed in seeds]
    drawn = [render(each, seed) for each, seed in zip(attributes, seeds, strict=True)]
    return np.stack(drawn), list(attributes)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.vae_concepts", description=__doc__)
    parser.add_argument("folder", type=Path, help="where the judge is kept")
    parser.add_argument("--model", default="portraits", help="name of the model, or its file")
    parser.add_argument("--url", help="a running service")
    parser.add_argument("--local", action="store_true", help="without a service")
    parser.add_argument("--renders", type=int, default=RENDERS, help="how many are edited")
    parser.add_argument("--judge-renders", type=int, default=20_000, help="to train the judge on")
    parser.add_argument("--judge-epochs", type=int, default=8, help="how often it sees them")
    asked = parser.parse_args(arguments)
    if asked.local == bool(asked.url):
        parser.error("say --local or --url")
    judge = trained_judge(asked.folder, renders=asked.judge_renders, epochs=asked.judge_epochs)
    if asked.local:
        path = Path(asked.model)
        found = find_model("vae", asked.model, HOME.expanduser()) if not path.is_file() else None
        change = locally(path if found is None else found.path)
    else:
        change = over_http(asked.url, asked.model)
    return report(judge, change, asked.renders)


def report(judge: Judge, change: Edit, renders: int) -> int:
    """Print the tables; return the exit code."""
    fresh, fresh_truth = portraits(FRESH_SET, 2 * renders)
    pictures, truth = portraits(TEST_SET, renders)
    plain = change(list(pictures), {})
    read = judge.read(plain)
    seen = [
        accuracy("judge on fresh renders", judge.read(fresh), fresh_truth, JUDGED),
        accuracy("judge on plain reconstructions", read, truth, RECONSTRUCTED),
    ]
    print(table(["", *BINARY, "eyewear", "all", "bar", ""], [row.cells for row in seen]))
    flips = [
        *(flip(judge, change, pictures, truth, read, name, name, "") for name in BINARY),
        *(flip(judge, change, pictures, truth, read, "eyewear", w, "none") for w in EYEWEAR[1:]),
    ]
    others = [f"{name} flips" for name in (*BINARY, "eyewear")]
    print("\n" + table(["+1.0 of", "renders", "flipped", *others, ""], [r.cells for r in flips]))
    moves = [move(judge, change, pictures, truth, read, name) for name in JUDGED_NUMBERS]
    head = ["+1.0 of", "class distances moved", *others, ""]
    print("\n" + table(head, [row.cells for row in moves]))
    return 0 if all(row.is_met for row in (*seen, *flips, *moves)) else 1


def accuracy(name: str, read: Reading, truth: Sequence[Mapping[str, Any]], bar: float) -> Row:
    """Return how often each attribute is read as it was rendered."""
    shares = [float(np.mean(read.flags[b] == [bool(t[b]) for t in truth])) for b in BINARY]
    shares.append(float(np.mean(read.eyewear == [EYEWEAR.index(t["eyewear"]) for t in truth])))
    whole = float(np.mean(shares))
    is_met = whole >= bar
    cells = [name, *map(percent, [*shares, whole]), f">= {bar:.0%}", verdict(is_met)]
    return Row(cells, is_met)


def flip(
    judge: Judge,
    change: Edit,
    pictures: Pixels,
    truth: Sequence[Mapping[str, Any]],
    plain: Reading,
    attribute: str,
    concept: str,
    lacking: str,
) -> Row:
    """Return how often a concept brings its attribute to renders that lack it, and what else."""
    lacks = [t[attribute] == lacking if lacking else not t[attribute] for t in truth]
    places = np.flatnonzero(lacks)
    got = judge.read(change(list(pictures[places]), {concept: 1.0}))
    if attribute == "eyewear":
        flipped = float(np.mean(got.eyewear == EYEWEAR.index(concept)))
    else:
        flipped = float(np.mean(got.flags[attribute]))
    changes = changed(plain.at(places), got, apart_from=attribute)
    is_met = flipped >= FLIPPED and all(share <= KEPT for share in changes.values())
    told = [percent(changes[name]) if name in changes else "-" for name in (*BINARY, "eyewear")]
    return Row([concept, str(len(places)), percent(flipped), *told, verdict(is_met)], is_met)


def move(
    judge: Judge,
    change: Edit,
    pictures: Pixels,
    truth: Sequence[Mapping[str, Any]],
    plain: Reading,
    name: str,
) -> Row:
    """Return by how many class distances the judge sees a concept of a number move.

    A number can't go beyond its range, so only renders of the lowest third are moved.
    """
    values = np.array([float(t[name]) for t in truth])
    low, high = np.quantile(values, [1 / 3, 2 / 3])
    distance = values[values >= high].mean() - values[values <= low].mean()
    places = np.flatnonzero(values <= low)
    got = judge.read(change(list(pictures[places]), {name: 1.0}))
    before = plain.at(places)
    moved = float((got.numbers[name] - before.numbers[name]).mean() / distance)
    changes = changed(before, got, apart_from=name)
    is_met = MOVED[0] <= moved <= MOVED[1]
    told = [percent(changes[other]) for other in (*BINARY, "eyewear")]
    return Row([name, f"{moved:.2f}", *told, verdict(is_met)], is_met)


def changed(before: Reading, after: Reading, *, apart_from: str) -> dict[str, float]:
    """Return how often each other attribute is no longer read as before."""
    found = {
        name: float(np.mean(before.flags[name] != after.flags[name]))
        for name in BINARY
        if name != apart_from
    }
    if apart_from != "eyewear":
        found["eyewear"] = float(np.mean(before.eyewear != after.eyewear))
    return found


def percent(share: float) -> str:
    """Return a share as a table has it."""
    return f"{share:.1%}"


def verdict(is_met: bool) -> str:
    """Say whether a bar is reached."""
    return "pass" if is_met else "FAIL"


if __name__ == "__main__":
    torch.manual_seed(0)
    sys.exit(main())
