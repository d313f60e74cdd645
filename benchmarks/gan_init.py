"""How a generator goes on from a model: `python -m benchmarks.gan_init MODEL --data FILE`.

A new discriminator is warmed up beside the model's generator; from there both go on, once with the
generator eased in, as `--init` does it, and once at the full rate at once. Of each hundred steps is
told how often the discriminator is right, how far its logits of a batch spread, what share of its
rate the generator had, and how various its pictures are in the end. It takes two and a half minutes
of one core.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from benchmarks.rig.figures import table
from genart_core.arts.gan.data import Pictures, read_pictures
from genart_core.arts.gan.recipe import PRESETS, Recipe
from genart_core.arts.gan.stored import restore_generator
from genart_core.arts.gan.train import WARMUP
from genart_core.arts.gan.training import Training
from genart_core.nn.device import working_dtype

STEPS, PART = 400, 100
BUDGET = 3_000_000  # pictures: far more than are seen here, so that rates don't fall yet
HEAD = ["steps", "generator", "right", "spread of logits", "share of the rate", "variety"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Train as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gan_init", description=__doc__)
    parser.add_argument("model", type=Path, help="a generator's file")
    parser.add_argument("--data", type=Path, required=True, help="what it was trained on")
    parser.add_argument("--warmup", type=int, default=WARMUP, help="steps of the warm-up")
    parser.add_argument("--steps", type=int, default=STEPS, help="steps of both after it")
    asked = parser.parse_args(arguments)
    config = restore_generator(asked.model)[0].config
    recipe = replace(
        PRESETS["ours"],
        images=BUDGET,
        warmup=asked.warmup,
        latent=config.latent,
        width=config.width,
        depth=config.depth,
    )
    pictures = read_pictures(asked.data, size=config.size)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        warm = Path(folder) / "warm.safetensors"
        begun = fresh(asked.model, pictures, recipe)
        for _ in range(asked.warmup):
            begun.advance()
        begun.save(warm)
        for name in ("eased in", "at once"):
            training = fresh(asked.model, pictures, recipe)
            training.load(warm)
            if name == "at once":
                training.recipe = replace(recipe, warmup=0)  # nothing to be eased in after
            rows += [[*row[:1], name, *row[1:]] for row in followed(training, asked.steps)]
    print(table(HEAD, rows))
    return 0


def fresh(model: Path, pictures: Pictures, recipe: Recipe) -> Training:
    """Return a training of the model's generator with a new discriminator."""
    return Training(pictures, restore_generator(model)[0], recipe, dtype=working_dtype("cpu"))


def followed(training: Training, steps: int) -> Iterator[list[str]]:
    """Go on; yield what is told of each part."""
    spreads: list[float] = []

    def look(module: nn.Module, inputs: Any, logits: Tensor) -> None:
        if len(logits) == 2 * training.batch:  # of real and drawn pictures
            spreads.append(float(logits.detach().std()))

    hook = training.discriminator.register_forward_hook(look)
    part = min(PART, steps)
    for _ in range(steps // part):
        first, figures = training.step + 1, []
        spreads.clear()
        for _ in range(part):
            training.advance()
            figures.append(training.figures)
        right, ease = (statistics.mean(f[name] for f in figures) for name in ("accuracy", "ease"))
        spread = statistics.mean(spreads)
        told = [f"{right:.0%}", f"{spread:.2f}", f"{ease:.2f}", f"{training.variety:.2f}"]
        yield [f"{first:,}-{training.step:,}", *told]
    hook.remove()


if __name__ == "__main__":
    sys.exit(main())
