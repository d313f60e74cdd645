"""Which classes are seen in dreams of them: `python -m benchmarks.dream_classes [CLASS ...]`.

Each dream starts from noise and has the defaults of a request with `target_class`, but for its
size. Told are the probability of the class by the network that dreamt and, with `--judge FILE`, by
Tiny Darknet, which it learned from (`darknet_tiny_weights.npz`); where another class is likelier,
its name. `--out FOLDER` keeps the pictures. Exits with 1 if a network misses its own class.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.rig.alone import LoneBench, LoneRun
from benchmarks.rig.figures import table
from genart_core.arts.dream.generate import generate
from genart_core.arts.dream.request import DreamRequest, find_class
from genart_core.nn.features import load_network
from genart_core.nn.image import decode, resize
from genart_core.nn.teacher import load_teacher
from genart_core.weights import SHIPPED

CLASSES = (
    *("goldfish", "zebra", "strawberry", "tarantula"),
    *("monarch", "peacock", "pizza", "starfish"),
)
SIZE = 320
SIDE = 224  # of what the judge is shown
SEED = 1

Judge = Callable[[Tensor], Tensor]


def main(arguments: Sequence[str] | None = None) -> int:
    """Dream and judge as the command line says; return the exit code."""
    prog = "python -m benchmarks.dream_classes"
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    parser.add_argument("classes", nargs="*", default=CLASSES, metavar="CLASS")
    parser.add_argument("--size", type=int, default=SIZE, help="pixels a side")
    parser.add_argument("--steps", type=int, default=20, help="in each octave")
    parser.add_argument("--features", type=Path, default=SHIPPED / "features/features.safetensors")
    parser.add_argument("--judge", type=Path, help="Tiny Darknet's file")
    parser.add_argument("--out", type=Path, help="a folder for the pictures")
    asked = parser.parse_args(arguments)
    network, bench = load_network(asked.features, "cpu"), LoneBench(asked.features)
    known, own = network.card["classes"], network.cut(["logits"])
    judges: list[Judge] = [lambda image: own(image)["logits"]]
    if asked.judge:
        teacher = load_teacher(asked.judge)
        judges.append(lambda image: teacher(resize(image, SIDE, SIDE).clamp(0.0, 1.0))["logits"])
    names, rows, is_missed = [str(each["name"]) for each in known], [], False
    for name in asked.classes:
        request = DreamRequest(
            target_class=name, size=asked.size, iterations=asked.steps, seed=SEED
        )
        target, data = find_class(name, known), dreamt(request, bench)
        if asked.out:
            asked.out.mkdir(parents=True, exist_ok=True)
            (asked.out / f"{names[target]}.png".replace(" ", "_")).write_bytes(data)
        image = decode(data, max_pixels=2**28).rgb[None]
        seen = [told(judge, image, target, names) for judge in judges]
        is_missed |= "(" in seen[0]
        rows.append([names[target], *seen])
    head = ["dream of", asked.features.stem, "Tiny Darknet"]
    print(table(head[: 1 + len(judges)], rows))
    return int(is_missed)


def dreamt(request: DreamRequest, bench: LoneBench) -> bytes:
    """Return a dream as a file."""
    run = LoneRun(request)
    generate([run], bench)
    if run.artwork is None:
        raise RuntimeError("nothing was dreamt")
    return run.artwork.outputs[0].data


def told(judge: Judge, image: Tensor, target: int, names: Sequence[str]) -> str:
    """Return the probability of a class, and what is likelier in brackets."""
    with torch.inference_mode():
        likely = judge(image)[0].float().softmax(0)
    best = int(likely.argmax())
    return f"{float(likely[target]):.3f}" + (f" ({names[best]})" if best != target else "")


if __name__ == "__main__":
    sys.exit(main())
