"""The autoencoder on a CUDA device: as on the CPU, whoever shares a batch, and trained there."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.vae import random_model
from genart_core.arts.vae.data import Pictures
from genart_core.arts.vae.model import Autoencoder, Config
from genart_core.arts.vae.painter import Painter
from genart_core.arts.vae.training import Aims, Bound
from genart_core.nn.training import Recipe, Training

DEVICE = "cuda:0"


def points(count: int) -> Tensor:
    """Return points `(count, 64)`, the first ones always the same."""
    return torch.randn(count, 64, generator=torch.Generator().manual_seed(0))


def check_vae_is_that_of_the_cpu() -> str:
    """Compare pictures and codes, in float32 and as a job computes them."""
    wanted = Painter(random_model(), "cpu", torch.float32).decode(points(20))
    exact = Painter(random_model(), DEVICE, torch.float32).decode(points(20))
    torch.testing.assert_close(exact, wanted, atol=1 / 255, rtol=0)
    painter = Painter(random_model(), DEVICE)
    distance = float((painter.decode(points(20)) - wanted).abs().mean())
    assert distance < 2 / 255, f"{distance * 255:.2f} of 255"
    codes = Painter(random_model(), "cpu", torch.float32).encode(wanted)
    torch.testing.assert_close(
        Painter(random_model(), DEVICE, torch.float32).encode(wanted), codes, atol=0.01, rtol=0.01
    )
    return f"{distance * 255:.3f} of 255 apart"


def check_vae_gives_a_picture_whoever_shares_its_batch() -> str:
    """Compare a picture that is made alone with the same among 150."""
    painter = Painter(random_model(), DEVICE)
    alone, many = painter.decode(points(1)), painter.decode(points(150))
    distance = float((alone[0] - many[0]).abs().mean())
    assert distance < 2 / 255, f"{distance * 255:.2f} of 255"
    return "equal" if torch.equal(alone[0], many[0]) else f"{distance * 255:.3f} of 255 apart"


def check_vae_goes_on_training_as_if_never_stopped() -> str:
    """Train some steps, store half way and go on."""
    pixels = torch.randint(0, 256, (40, 32, 32, 3), dtype=torch.uint8).numpy()
    rows = torch.arange(40).numpy()

    def begun(folder: Path) -> Training[Autoencoder]:
        pictures = Pictures(pixels, rows)
        bound = Bound(pictures, pictures, Aims(), batch=8, seed=0, sheets=folder)
        config = Config.sized(32, channels=3, latent=16, width=8)
        network = Autoencoder(config, torch.Generator().manual_seed(0)).to(DEVICE)
        network = network.to(memory_format=torch.channels_last)
        return Training(network, bound, Recipe(steps=8, batch=8))

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole, half, rest = (begun(folder) for _ in range(3))
        for _ in range(6):
            whole.advance()
        for _ in range(3):
            half.advance()
        half.save(folder / "checkpoint.safetensors")
        rest.load(folder / "checkpoint.safetensors")
        for _ in range(3):
            rest.advance()
        figures = rest.evaluate()
    for key, tensor in whole.average.items():
        # Sums on CUDA may be taken in another order each time.
        torch.testing.assert_close(rest.average[key], tensor, atol=1e-3, rtol=1e-2)
    return f"ELBO {figures['elbo_nats']:.0f} nats"


CHECKS: list[Callable[[], str]] = [
    check_vae_is_that_of_the_cpu,
    check_vae_gives_a_picture_whoever_shares_its_batch,
    check_vae_goes_on_training_as_if_never_stopped,
]
