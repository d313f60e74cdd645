"""A seeded mix of small jobs of every kind, as several clients of several habits send them."""

import base64
import io
import math
from dataclasses import dataclass
from random import Random
from typing import Any

from PIL import Image

SMALL, LARGE = 64, 128  # pixels of dreams


@dataclass(frozen=True)
class Habit:
    """How a client goes about it.

    It sends up to `burst` jobs in one go, waits for all of them, and rests for `pause_seconds` on
    average. `kinds` are what it asks for, by weight.
    """

    burst: int
    pause_seconds: float
    kinds: dict[str, int]
    priorities: tuple[str, ...] = ("normal",)


CLIENTS = (
    Habit(1, 0.3, {"noop": 1, "text": 1}),
    Habit(1, 0.8, {"text": 1, "gan-sample": 1}),
    Habit(4, 1.0, {"text": 2, "gan-sample": 1, "vae-sample": 1}, ("low", "normal", "high")),
    Habit(1, 1.0, {"dream": 1, "vae-edit": 1, "style": 1}),
    Habit(10, 4.0, {"dream": 2, "style": 1, "text": 2, "gan-sample": 2}),
    Habit(12, 4.0, {"noop": 2, "vae-sample": 2, "vae-edit": 2}, ("normal", "high")),
)


def pictures(random: Random) -> tuple[str, ...]:
    """Return some small drawn pictures, as data URIs."""
    return tuple(_picture(random) for _ in range(4))


def body_of(random: Random, habit: Habit, images: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    """Return a kind and a body for it."""
    kind = random.choices([*habit.kinds], [*habit.kinds.values()])[0]
    seed = {"seed": random.randrange(2**32)}
    image = random.choice(images)
    if kind == "noop":
        return kind, seed | {"bytes": _between(random, 1, 100_000)}
    if kind == "text":
        samples = random.choice((1, 1, 1, 2, 4))
        return kind, seed | {"length": _between(random, 50, 5000), "num_samples": samples}
    if kind == "dream":
        size, iterations = _between(random, SMALL, LARGE), random.randint(1, 4)
        octaves = random.randint(1, 3)
        preset = random.choice(("curves", "eyes", "animals", "chimera"))
        body = {"size": size, "iterations": iterations, "octaves": octaves, "preset": preset}
        return kind, seed | body
    if kind == "style":
        iterations, scales = random.randint(2, 5), random.randint(1, 2)
        body = {"content": image, "style": [random.choice(images)], "size": SMALL}
        return kind, seed | body | {"iterations": iterations, "scales": scales}
    if kind == "vae-edit":
        return kind, seed | {"image": image, "scale": random.choice((1, 2, 4))}
    return kind, seed | {"count": _between(random, 1, 24), "scale": random.choice((1, 2, 4))}


def _between(random: Random, low: int, high: int) -> int:
    """Return a number of any order of magnitude alike."""
    return round(math.exp(random.uniform(math.log(low), math.log(high))))


def _picture(random: Random) -> str:
    """Return soft blots of colour."""
    coarse = Image.frombytes("RGB", (6, 5), random.randbytes(90))
    file = io.BytesIO()
    coarse.resize((96, 80), Image.Resampling.BICUBIC).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
