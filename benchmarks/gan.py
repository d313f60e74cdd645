"""What drawing costs, beside the generator's plain form: `python -m benchmarks.gan`.

Ours is `Painter.paint` as a job runs it: weights cast once, channels last, class norms folded,
fixed batches, pictures as float32. Beside it the generator as it was trained runs eagerly in
float32 NCHW. Rounds alternate between them and ratios within a round are judged, as is the error
against float32 (PSNR).

With `--url` 64 jobs of 64 pictures each, one sheet a job, go through a running service, or through
one that is started for it (`--url own`); beside it this process draws, assembles and encodes the
same sheets. Exits with 1 when a bar is missed.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.rig.figures import Figure
from benchmarks.rig.points import BATCH, contest, decibels, file_of, run
from genart_core.arts.gan.generate import draw, shown
from genart_core.arts.gan.model import Config, Generator
from genart_core.arts.gan.painter import Painter
from genart_core.arts.gan.request import GanSampleRequest
from genart_core.arts.gan.stored import restore_generator
from genart_core.artwork import Output
from genart_core.request import sample_seed

COMPARED = 64
CLASSES = 10
SHIPPED = "cifar10"
SPREAD = 8.0  # times what training starts with, so that an untrained network's pictures differ


def generator_of(wish: str) -> Generator:
    """Return a generator by name or path; untrained and of the shape of `cifar10` for `random`."""
    if wish != "random":
        return restore_generator(file_of("gan", wish))[0]
    network = Generator(Config(classes=CLASSES), torch.Generator().manual_seed(0))
    with torch.no_grad():
        network.paint.weight.mul_(SPREAD)
        latents, classes = points_of(network, COMPARED)
        network.train()(latents, classes)
    return network.eval()


def points_of(network: Generator, count: int) -> tuple[Tensor, Tensor]:
    """Return points as jobs draw them, and classes by turns."""
    points = torch.stack([draw(seed, network.config.latent)[0] for seed in range(count)])
    return points, torch.arange(count) % max(1, network.config.classes)


def shares_of(network: Generator, classes: Tensor) -> Tensor:
    """Return classes as a painter takes them."""
    return torch.eye(max(1, network.config.classes))[classes]


class Drawing:
    """A generator and its painter: the `Subject` of this benchmark."""

    kind = "gan-sample"

    def __init__(self, network: Generator, served: str, dtype: torch.dtype | None = None) -> None:
        self.network = network.to(memory_format=torch.contiguous_format)
        self.painter = Painter(self.network, {}, "cpu", dtype)
        self.served = served

    def drawing(self, *, rounds: int, repeats: int, bar: float | None) -> list[Figure]:
        """Return ours beside the plain form, at one batch."""
        name = f"pictures/s at batch {BATCH}"
        figure = Figure(name, "/s", "eager fp32 NCHW", bar=bar, at_least=True)
        points, classes = points_of(self.network, BATCH)
        shares = shares_of(self.network, classes)
        contest(
            [figure],
            lambda: self.painter.paint(points, shares),
            [lambda: self.network(points, classes)],
            rounds=rounds,
            repeats=repeats,
        )
        return [figure]

    def psnr(self) -> float:
        """Return how near to float32 ours is, in dB."""
        points, classes = points_of(self.network, COMPARED)
        with torch.inference_mode():
            wanted = self.network(points, classes).add(1.0).div(2.0)
        return decibels(self.painter.paint(points, shares_of(self.network, classes)), wanted)

    def sheet(self, seed: int) -> Output:
        """Return the sheet that a job of a seed makes."""
        fields = {"seed": seed, "count": COMPARED, "layout": "sheet", "scale": 1}
        request = GanSampleRequest.model_validate(fields)
        config = self.painter.config
        seeds = [sample_seed(seed, i) for i in range(request.count)]
        points, choices = zip(*(draw(each, config.latent) for each in seeds), strict=True)
        shares = torch.eye(max(1, config.classes))
        chosen = torch.tensor([int(choice * len(shares)) for choice in choices])
        return shown(request, self.painter.paint(torch.stack(points), shares[chosen]))[0]


def subject_of(wish: str) -> Drawing:
    """Return what is measured; a service has no untrained model and is asked for what ships."""
    return Drawing(generator_of(wish), SHIPPED if wish == "random" else Path(wish).stem)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure as the command line says; return the exit code."""
    return run(subject_of, arguments, art="gan", about=__doc__, model=SHIPPED)


if __name__ == "__main__":
    sys.exit(main())
