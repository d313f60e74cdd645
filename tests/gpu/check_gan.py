"""The generator on a CUDA device: as on the CPU, whoever shares a batch, and trained there."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from benchmarks.gan import generator_of, points_of, shares_of
from genart_core.arts.gan.data import Pictures
from genart_core.arts.gan.model import Config, Generator
from genart_core.arts.gan.painter import Painter
from genart_core.arts.gan.recipe import Change, Recipe
from genart_core.arts.gan.training import Training

DEVICE = "cuda:0"
CHANGES: tuple[Change, ...] = ("color", "translation", "cutout")


def painted(count: int, device: str, dtype: torch.dtype | None = None) -> Tensor:
    """Return pictures of an untrained generator of the shape of `cifar10`, always the same ones."""
    network = generator_of("random")
    points, classes = points_of(network, count)
    return Painter(network, {}, device, dtype).paint(points, shares_of(network, classes))


def check_gan_is_that_of_the_cpu() -> str:
    """Compare pictures, in float32 and as a job computes them."""
    wanted = painted(20, "cpu", torch.float32)
    torch.testing.assert_close(painted(20, DEVICE, torch.float32), wanted, atol=1 / 255, rtol=0)
    distance = float((painted(20, DEVICE) - wanted).abs().mean())
    assert distance < 2 / 255, f"{distance * 255:.2f} of 255"
    return f"{distance * 255:.3f} of 255 apart"


def check_gan_gives_a_picture_whoever_shares_its_batch() -> str:
    """Compare a picture that is made alone with the same among 150."""
    alone, many = painted(1, DEVICE), painted(150, DEVICE)
    distance = float((alone[0] - many[0]).abs().mean())
    assert distance < 2 / 255, f"{distance * 255:.2f} of 255"
    return "equal" if torch.equal(alone[0], many[0]) else f"{distance * 255:.3f} of 255 apart"


def begun() -> Training:
    """Return a small game of two classes that has not been played yet."""
    pixels = np.random.default_rng(0).integers(0, 256, (40, 32, 32, 3), np.uint8)
    pictures = Pictures(pixels, np.arange(40) % 2, ("one", "other"), "noise")
    recipe = Recipe(steps=8, batch=8, width=8, critic_width=8, augment=CHANGES)
    config = Config(32, 16, recipe.width, recipe.depth, len(pictures.classes))
    network = Generator(config, torch.Generator().manual_seed(0))
    return Training(pictures, network, recipe, device=DEVICE)


def check_gan_goes_on_training_as_if_never_stopped() -> str:
    """Train some steps, store half way and go on."""
    whole, half, rest = (begun() for _ in range(3))
    for _ in range(6):
        whole.advance()
    for _ in range(3):
        half.advance()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint.safetensors"
        half.save(path)
        rest.load(path)
    for _ in range(3):
        line = rest.advance()
    for name, tensor in whole.average.items():
        # Sums on CUDA may be taken in another order each time.
        torch.testing.assert_close(rest.average[name], tensor, atol=1e-3, rtol=1e-2)
    assert rest.evaluate()["variety"] > 0.0
    return line


CHECKS: list[Callable[[], str]] = [
    check_gan_is_that_of_the_cpu,
    check_gan_gives_a_picture_whoever_shares_its_batch,
    check_gan_goes_on_training_as_if_never_stopped,
]
