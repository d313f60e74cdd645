"""What drawing costs, beside the generator's plain form: `python -m benchmarks.gan`.

Ours is `Painter.paint` as a job runs it: weights cast once, channels last, class norms folded,
fixed batches, pictures as float32. Beside it the generator as it was trained runs eagerly in
float32 NCHW. Rounds alternate between them and ratios within a round are judged, as is the error
against float32 (PSNR).

With `--url` 64 jobs of 64 pictures each, one sheet a job, go through a running service, or through
one that is started for it (`--url own`); beside it this process draws, assembles and encodes the
same sheets. Exits with 1 when a bar is missed.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from benchmarks.dream import BF16_FLAGS
from benchmarks.rig.figures import HEAD, Figure, table
from benchmarks.rig.sheets import PICTURES, through_service
from benchmarks.text import machine
from genart_core.arts.gan.generate import draw, shown
from genart_core.arts.gan.model import Config, Generator
from genart_core.arts.gan.painter import Painter
from genart_core.arts.gan.request import GanSampleRequest
from genart_core.arts.gan.stored import restore_generator
from genart_core.artwork import Output
from genart_core.nn.device import working_dtype
from genart_core.request import sample_seed
from genart_core.weights import find_model

BATCH = 16
FASTER, PSNR_DB = 2.2, 45.0  # the bars
COMPARED = 64
CLASSES = 10
HOME = Path("~/.genart")
SPREAD = 8.0  # times what training starts with, so that an untrained network's pictures differ


def generator_of(wish: str) -> Generator:
    """Return a generator by name or path; untrained and of the shape of `cifar10` for `random`."""
    if wish != "random":
        is_file = Path(wish).is_file()
        path = Path(wish) if is_file else find_model("gan", wish, HOME.expanduser()).path
        return restore_generator(path)[0]
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


def rate(paint: Callable[[], Tensor], repeats: int) -> float:
    """Return pictures per second."""
    with torch.inference_mode():
        begin = time.perf_counter()
        count = sum(len(paint()) for _ in range(repeats))
        return count / (time.perf_counter() - begin)


def drawing(network: Generator, painter: Painter, *, rounds: int, repeats: int, bar: float | None
            ) -> Figure:  # fmt: skip
    """Return ours beside the plain form, at one batch."""
    figure = Figure(f"pictures/s at batch {BATCH}", "/s", "eager fp32 NCHW", bar=bar, at_least=True)
    points, classes = points_of(network, BATCH)
    shares = shares_of(network, classes)
    contest: list[Callable[[], Tensor]] = [
        lambda: painter.paint(points, shares),
        lambda: network(points, classes),
    ]
    for paint in contest:
        rate(paint, 2)  # warm up
    for turn in range(rounds):
        order = contest if turn % 2 == 0 else contest[::-1]
        found = {paint: rate(paint, repeats) for paint in order}
        figure.add(found[contest[0]], found[contest[1]])
    return figure


def psnr(network: Generator, painter: Painter) -> float:
    """Return how near to float32 ours is, in dB."""
    points, classes = points_of(network, COMPARED)
    with torch.inference_mode():
        wanted = network(points, classes).add(1.0).div(2.0)
    error = (painter.paint(points, shares_of(network, classes)) - wanted).square().mean()
    return float(-10.0 * torch.log10(error.clamp(min=1e-12)))


def sheet(painter: Painter, seed: int) -> Output:
    """Return the sheet that a job of a seed makes."""
    fields = {"seed": seed, "count": PICTURES, "layout": "sheet", "scale": 1}
    request = GanSampleRequest.model_validate(fields)
    seeds = [sample_seed(seed, i) for i in range(PICTURES)]
    points, choices = zip(*(draw(each, painter.config.latent) for each in seeds), strict=True)
    shares = torch.eye(max(1, painter.config.classes))
    chosen = torch.tensor([int(choice * len(shares)) for choice in choices])
    return shown(request, painter.paint(torch.stack(points), shares[chosen]))[0]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gan", description=__doc__)
    parser.add_argument("--model", default="cifar10", help="name, file, or `random`")
    parser.add_argument("--rounds", type=int, default=9, help="how often each is measured")
    parser.add_argument("--repeats", type=int, default=20, help="batches per round")
    parser.add_argument("--threads", type=int, default=0, help="0: as many as there are cores")
    parser.add_argument("--url", help="measure a running service too, or with `own` one of its own")
    asked = parser.parse_args(arguments)
    if asked.threads:
        torch.set_num_threads(asked.threads)
    network = generator_of(asked.model).to(memory_format=torch.contiguous_format)
    painter = Painter(network, {}, "cpu")
    info = Path("/proc/cpuinfo")
    has_bf16 = bool(BF16_FLAGS & set(info.read_text().split() if info.exists() else ()))
    figure = drawing(
        network,
        painter,
        rounds=asked.rounds,
        repeats=asked.repeats,
        bar=FASTER if has_bf16 else None,
    )
    figures, threads, costs = [figure], torch.get_num_threads(), ""
    if asked.url:
        served, costs = through_service(
            asked.url,
            "gan-sample",
            "cifar10" if asked.model == "random" else Path(asked.model).stem,
            lambda seed: sheet(painter, seed),
            rounds=max(1, asked.rounds // 2),
            threads=threads,
        )
        figures += served
    told, error = machine(), psnr(network, painter)
    dtype = str(working_dtype("cpu")).removeprefix("torch.")
    print(f"{told['cpu']}, computes in {dtype}; torch {told['torch']}; threads: {threads}\n")
    print(table(HEAD, [figure.row() for figure in figures]))
    if costs:
        print(f"\n{costs}")
    print(f"\nPSNR against float32: {error:.1f} dB (bar: > {PSNR_DB:g})")
    return 0 if error > PSNR_DB and all(figure.is_met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
