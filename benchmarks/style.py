"""What a step of style transfer costs, beside the network's bare run: `python -m benchmarks.style`.

Ours is `Painter.paint` as a job runs it: Gram matrices of five layers, content, total variation and
the optimiser. Beside it the same VGG-19, cut at relu5_1, runs forward and backward in plain float32
NCHW, module for module as torchvision has it, its weights frozen. Both have random weights and the
same threads. Rounds alternate between them and ratios within a round are judged. Then: how many
evaluations L-BFGS needs for what Adam reaches in 200, and the peak memory of a step, in a process
of its own, beside what was promised. Exits with 1 when a bar is missed.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from benchmarks.rig.figures import HEAD, Figure, Memory, table
from benchmarks.text import machine
from genart_core.arts.style.layers import Layers, choose_layers
from genart_core.arts.style.losses import evaluate
from genart_core.arts.style.memory import MARGIN, Needs
from genart_core.arts.style.optimise import Adam, Lbfgs
from genart_core.arts.style.pyramid import Manner, Painter, Sitters
from genart_core.arts.style.targets import Weights, make_goal
from genart_core.arts.style.tiles import Tiled
from genart_core.nn.features import RGB, Network, Stages
from genart_core.nn.graph import Recorder

BARS = {True: 0.55, False: 0.9}  # the most, by whether the processor has bfloat16 instructions
DTYPES = ("float32", "bfloat16")
BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})
BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 1))  # channels and how many convolutions
MEAN: RGB = (0.485, 0.456, 0.406)
STD: RGB = (0.229, 0.224, 0.225)
ADAM_STEPS = 200
MOST_EVALUATIONS = 60
WEIGHTS = Weights(1.0, 10.0, 1.0, (1.0,))


@cache
def vgg19() -> nn.Sequential:
    """Return VGG-19 to relu5_1 with random weights, module for module as torchvision builds it."""
    generator = torch.Generator().manual_seed(0)
    modules: list[nn.Module] = []
    inputs = 3
    for block, (channels, count) in enumerate(BLOCKS):
        modules += [nn.MaxPool2d(2)] if block else []
        for _ in range(count):
            convolution = nn.Conv2d(inputs, channels, 3, padding=1)
            nn.init.kaiming_normal_(convolution.weight, nonlinearity="relu", generator=generator)
            nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]  # there is one
            modules += [convolution, nn.ReLU(inplace=True)]
            inputs = channels
    return nn.Sequential(*modules).requires_grad_(False).eval()


@cache
def ours(device: str) -> Network:
    """Return our form of the same weights."""
    stages: dict[str, nn.Module] = {}
    block, place, parts = 1, 1, []
    for module in vgg19():
        parts.append(module)
        if isinstance(module, nn.MaxPool2d):
            block, place = block + 1, 1
        elif isinstance(module, nn.ReLU):
            stages[f"relu{block}_{place}"] = nn.Sequential(*parts)
            place, parts = place + 1, []
    return Network(Stages(stages, MEAN, STD), device=device)


def compute_in(dtype: str) -> None:
    """Compute in this type instead of what is faster here."""
    ours("cpu").dtype = getattr(torch, dtype)


def layers() -> Layers:
    """Return the layers of the paper."""
    known = [
        {"name": name, "channels": layer.channels, "stride": layer.stride}
        for name, layer in ours("cpu").layers.items()
    ]
    return choose_layers(None, None, known)


def picture(size: int, seed: int = 1) -> Tensor:
    """Return a picture (1, 3, size, size) of soft forms, as photographs have, and some grain."""
    generator = torch.Generator().manual_seed(seed)
    forms = torch.rand(1, 3, 6, 6, generator=generator)
    smooth = nn.functional.interpolate(forms, (size, size), mode="bicubic").clamp(0.0, 1.0)
    return (smooth + 0.05 * torch.randn(smooth.shape, generator=generator)).clamp(0.0, 1.0)


def painting(size: int, seed: int = 2) -> Tensor:
    """Return a picture (1, 3, size, size) of strokes: waves of changing direction and colour."""
    forms = nn.functional.interpolate(picture(8, seed), (size, size), mode="bicubic")
    along = torch.linspace(0.0, 1.0, size)
    phase = 60.0 * (along[:, None] + along[None] * forms[0, 0]) + 6.0 * forms[0, 1]
    strokes = 0.5 + 0.5 * torch.sin(phase)
    return (0.25 + 0.75 * strokes * forms).clamp(0.0, 1.0)


def painter(
    size: int,
    steps: int,
    *,
    optimizer: Literal["lbfgs", "adam"] = "lbfgs",
    available: int | None = None,
    device: str = "cpu",
) -> Painter:
    """Return what paints one scale in so many steps."""
    manner = Manner(layers(), WEIGHTS, (size,), steps, optimizer=optimizer)
    extractor = ours(device).cut(layers().names)
    return Painter(extractor, manner, Recorder(device), available)


def step_seconds(size: int, steps: int, optimizer: Literal["lbfgs", "adam"]) -> float:
    """Return the seconds per step; what is done once for a scale is not counted."""
    ends: list[float] = []
    made = painter(size, steps + 1, optimizer=optimizer)
    made.watch = lambda step, total, seen: ends.append(time.perf_counter())
    made.paint(Sitters(picture(size), [painting(size)]), torch.Generator())
    return (ends[-1] - ends[0]) / steps


def lbfgs_seconds(size: int, steps: int) -> float:
    """Return the seconds per step of L-BFGS."""
    return step_seconds(size, steps, "lbfgs")


def adam_seconds(size: int, steps: int) -> float:
    """Return the seconds per step of Adam."""
    return step_seconds(size, steps, "adam")


def bare_seconds(size: int, steps: int) -> float:
    """Return the seconds per forward and backward run of the plain network."""
    x = picture(size).requires_grad_()
    begin = time.perf_counter()
    for _ in range(steps):
        torch.autograd.grad(vgg19()(x).square().mean(), x)
    return (time.perf_counter() - begin) / steps


def step_figures(size: int, steps: int, rounds: int, bar: float) -> list[Figure]:
    """Return a step with either optimiser beside the bare run."""
    named = f"a step at {size} px"
    lbfgs = Figure(f"{named}, L-BFGS", "ms", "bare", bar=bar)
    adam = Figure(f"{named}, Adam", "ms", "bare")
    ways: list[Callable[[int, int], float]] = [lbfgs_seconds, bare_seconds, adam_seconds]
    for way in ways:
        way(size, 1)  # warm up
    for turn in range(rounds):
        order = ways if turn % 2 == 0 else ways[::-1]
        found = {way: way(size, steps) * 1e3 for way in order}
        lbfgs.add(found[lbfgs_seconds], found[bare_seconds])
        adam.add(found[adam_seconds], found[bare_seconds])
    return [lbfgs, adam]


def evaluation_figure(size: int, start: Literal["content", "noise"]) -> Figure:
    """Return how many evaluations L-BFGS needs for the loss of Adam's last step."""
    extractor = ours("cpu").cut(layers().names)
    content = picture(size)
    goal = make_goal(
        lambda seen: Tiled(extractor, size + extractor.stride, 0),
        layers(),
        WEIGHTS,
        content=content,
        styles=[painting(size)],
        masks=None,
    )
    noise = torch.rand(content.shape, generator=torch.Generator().manual_seed(3))
    image = content if start == "content" else noise
    adam, lbfgs = Adam(image), Lbfgs(image)
    reached = [float(adam.tell(*evaluate(extractor, goal, adam.trial))[-1])
               for _ in range(ADAM_STEPS)][-1]  # fmt: skip
    count = 0
    while count < ADAM_STEPS:
        count += 1
        if float(lbfgs.tell(*evaluate(extractor, goal, lbfgs.trial))[-1]) <= reached:
            break
    figure = Figure(
        f"evaluations for one loss, from {start}",
        "",
        "Adam",
        bar=MOST_EVALUATIONS / ADAM_STEPS,
    )
    figure.add(count, ADAM_STEPS)
    return figure


def memory_figures(size: int, threads: int, dtype: str | None) -> list[Memory]:
    """Return the peak of a step in one piece, and in tiles; none without /proc."""
    if not Path("/proc/self/clear_refs").exists():
        return []
    found = []
    for way in ("whole", "tiled"):
        command = [sys.executable, "-m", "benchmarks.style", "--peak", way, "--size", str(size)]
        command += ["--threads", str(threads), *(["--dtype", dtype] if dtype else [])]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        told = json.loads(done.stdout)
        bar, peak = told["promised"], told["peak"]
        named = f"peak memory at {size} px, {way}"
        found.append(Memory(named, bar / 1e6, peak, bar, "promised"))
    return found


def peak(way: str, size: int) -> dict[str, int]:
    """Return what two steps' memory was, beyond the process before, and what was promised."""
    step_seconds(64, 1, "lbfgs")  # libraries set themselves up
    extractor = ours("cpu").cut(layers().names)
    needs = Needs.of(
        layers(),
        lbfgs=True,
        per_tile_pixel=extractor.bytes_per_pixel,
        field=extractor.receptive_field,
    )
    pixels = (size + 2 * MARGIN) ** 2
    promised = needs.whole(pixels) if way == "whole" else needs.least(size)
    made = painter(size, 2, available=promised)
    before = _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # resets the high-water mark
    made.paint(Sitters(picture(size), [painting(size)]), torch.Generator())
    used = _resident("VmHWM") - before
    return {"peak": max(0, used), "promised": promised}  # a tiny one fits into what was freed


def about() -> dict[str, Any]:
    """Return what the figures depend on."""
    info = Path("/proc/cpuinfo")
    flags = set(info.read_text().split()) if info.exists() else set()
    told = machine()
    return {
        "cpu": told["cpu"],
        "torch": told["torch"],
        "bf16": bool(flags & BF16_FLAGS),
        "dtype": str(ours("cpu").cut(layers().names).dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
    }


def _resident(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.style", description=__doc__)
    parser.add_argument("--size", type=int, default=512, help="side of the picture in pixels")
    parser.add_argument("--steps", type=int, default=3, help="steps per round")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured")
    parser.add_argument("--race", type=int, default=96, help="side in pixels, L-BFGS beside Adam")
    parser.add_argument("--threads", type=int, default=0, help="0: as many as there are cores")
    parser.add_argument("--dtype", choices=DTYPES, help="computed in; otherwise what is faster")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--peak", choices=["whole", "tiled"], help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.threads:
        torch.set_num_threads(asked.threads)
    if asked.dtype:
        compute_in(asked.dtype)
    if asked.peak:
        print(json.dumps(peak(asked.peak, asked.size)))
        return 0
    told = about()
    bar = BARS[told["bf16"] and asked.dtype != "float32"]
    figures: list[Figure | Memory] = [
        *step_figures(asked.size, asked.steps, asked.rounds, bar),
        evaluation_figure(asked.race, "content"),
        evaluation_figure(asked.race, "noise"),
        *memory_figures(asked.size, told["threads"], asked.dtype),
    ]
    _print(told, figures, as_json=asked.json)
    return 0 if all(figure.is_met for figure in figures) else 1


def _print(told: dict[str, Any], figures: Sequence[Figure | Memory], *, as_json: bool) -> None:
    rows = [figure.row() for figure in figures]
    if as_json:
        names = [*HEAD[:-1], "verdict"]
        found = [dict(zip(names, row, strict=True)) for row in rows]
        print(json.dumps({"machine": told, "figures": found}, ensure_ascii=False))
        return
    has = "with" if told["bf16"] else "without"
    print(f"{told['cpu']}, {has} bfloat16, computes in {told['dtype']}; torch {told['torch']}")
    print(f"{told['threads']} thread{'s' * (told['threads'] > 1)} each\n")
    print(table(HEAD, rows))


if __name__ == "__main__":
    sys.exit(main())
