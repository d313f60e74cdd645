"""What a step of a dream costs, beside the network's bare run: `python -m benchmarks.dream`.

Ours is `Ascent.dream` as a job runs it, with jitter, normalisation, colours and update. Beside it
the same network, cut at the same layer, runs forward and backward in plain float32 NCHW as
torchvision has it, its weights frozen. Both have random weights and the same threads. Rounds
alternate between them and ratios within a round are judged. The peak memory of one step, in a
process of its own, stands beside what was promised. Exits with 1 when a bar is missed.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import googlenet
from torchvision.models.vgg import cfgs, make_layers

from benchmarks.rig.figures import HEAD, Figure, Memory, table
from benchmarks.text import machine
from genart_core.arts.dream.ascent import Ascent
from genart_core.arts.dream.generate import window_side
from genart_core.arts.dream.gradients import Tiling
from genart_core.arts.dream.losses import Objective
from genart_core.arts.dream.request import PICTURE_BYTES, DreamRequest
from genart_core.nn.conversion import folded
from genart_core.nn.features import Network, Stages
from genart_core.nn.graph import Recorder
from genart_core.nn.public import build

LAYERS = {"googlenet": "inception4c", "vgg16": "relu4_3"}
BARS = {True: 0.5, False: 0.9}  # the most, by whether the processor has bfloat16 instructions
DTYPES = ("float32", "bfloat16")
BF16_FLAGS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})


class Nobody:
    """Who doesn't look."""

    def before_work(self) -> None:
        """Go on."""

    def after_step(self, step: int, total: int, picture: Callable[[], Tensor]) -> None:
        """Tell nobody."""


@cache
def torchvision_of(name: str) -> tuple[nn.Module, dict[str, Tensor]]:
    """Return the network up to its layer as torchvision builds it, and its whole state."""
    torch.manual_seed(0)  # torchvision takes no generator
    if name == "vgg16":
        features = make_layers(cfgs["D"], batch_norm=False)
        state = {f"features.{key}": value for key, value in features.state_dict().items()}
        for place, inputs in ((0, 512 * 49), (3, 4), (6, 4)):  # of the classifier: next to nothing
            state[f"classifier.{place}.weight"] = torch.zeros(4, inputs)
            state[f"classifier.{place}.bias"] = torch.zeros(4)
        return frozen(features[:23]), state  # relu4_3 is the 23rd
    whole = googlenet(weights=None, aux_logits=False, init_weights=False, num_classes=4)
    children = dict(whole.named_children())
    names = list(children)
    used = names[: names.index(LAYERS[name]) + 1]
    return frozen(nn.Sequential(*(children[each] for each in used))), whole.state_dict()


def frozen(network: nn.Module) -> nn.Module:
    """Return the network as one that only gives gradients of its input."""
    return network.requires_grad_(False).eval()


@cache
def ours(name: str, device: str) -> Network:
    """Return our form of the same weights."""
    _, state = torchvision_of(name)
    modules, mean, std = build({"architecture": name}, folded(state))
    return Network(Stages(modules, mean, std), device=device)


def compute_in(dtype: str) -> None:
    """Compute in this type instead of what is faster here."""
    for name in LAYERS:
        ours(name, "cpu").dtype = getattr(torch, dtype)


def picture(size: int) -> Tensor:
    """Return a picture (1, 3, size, size)."""
    return torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(1))


def dream_seconds(name: str, size: int, iterations: int, device: str = "cpu") -> float:
    """Return the seconds per step of one octave."""
    extractor = ours(name, device).cut([LAYERS[name]])
    request = DreamRequest(size=size, octaves=1, iterations=iterations, seed=1)
    ascent = Ascent(
        extractor,
        Objective({LAYERS[name]: 1.0}),
        request,
        tiling=Tiling.of(extractor, window_side(extractor, (size, size), None)),
        recorder=Recorder(device),
        watch=Nobody(),
    )
    original = picture(size).to(device)
    begin = time.perf_counter()
    _, losses = ascent.dream(original)
    seconds = time.perf_counter() - begin
    if len(losses) != iterations:
        raise RuntimeError(f"{iterations} steps were asked for and {len(losses)} made")
    return seconds / iterations


def bare_seconds(name: str, size: int, iterations: int, device: str = "cpu") -> float:
    """Return the seconds per forward and backward run of the plain network."""
    network, _ = torchvision_of(name)
    network.to(device)
    x = picture(size).to(device).requires_grad_()
    begin = time.perf_counter()
    for _ in range(iterations):
        (gradient,) = torch.autograd.grad(network(x).square().mean(), x)
    float(gradient.sum())
    return (time.perf_counter() - begin) / iterations


def step_figures(size: int, iterations: int, rounds: int, bar: float) -> list[Figure]:
    """Return a step of each network beside its bare run."""
    figures = []
    for name, layer in LAYERS.items():
        figure = Figure(f"a step at {size} px, {name} to {layer}", "ms", "bare", bar=bar)
        for seconds in (dream_seconds, bare_seconds):
            seconds(name, size, 1)  # warm up
        for turn in range(rounds):
            order = [dream_seconds, bare_seconds]
            found = {
                seconds: seconds(name, size, iterations) * 1e3
                for seconds in (order if turn % 2 == 0 else order[::-1])
            }
            figure.add(found[dream_seconds], found[bare_seconds])
        figures.append(figure)
    return figures


def memory_figures(size: int, threads: int, dtype: str | None) -> list[Memory]:
    """Return the peak of one step of each network beside the promise; none without /proc."""
    found = []
    for name in LAYERS:
        if not Path("/proc/self/status").exists():
            return []
        command = [sys.executable, "-m", "benchmarks.dream", "--peak", name, "--size", str(size)]
        command += ["--threads", str(threads), *(["--dtype", dtype] if dtype else [])]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        told = json.loads(done.stdout)
        named = f"peak memory at {size} px, {name}"
        promised = told["promised"]
        found.append(Memory(named, promised / 1e6, told["peak"], promised, "promised"))
    return found


def peak(name: str, size: int) -> dict[str, int]:
    """Return what a step's memory was, beyond the process before it, and what was promised."""
    dream_seconds(name, 64, 1)  # libraries set themselves up
    before = _resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # resets the high-water mark
    dream_seconds(name, size, 1)
    extractor = ours(name, "cpu").cut([LAYERS[name]])
    promised = (extractor.bytes_per_pixel + PICTURE_BYTES) * size**2
    used = _resident("VmHWM") - before
    return {"peak": max(0, used), "promised": promised}  # a tiny one fits into what was freed


def about() -> dict[str, Any]:
    """Return what the figures depend on."""
    info = Path("/proc/cpuinfo")
    flags = set(info.read_text().split()) if info.exists() else set()
    told: Mapping[str, Any] = machine()
    return {
        "cpu": told["cpu"],
        "torch": told["torch"],
        "bf16": bool(flags & BF16_FLAGS),
        "dtype": str(ours("vgg16", "cpu").cut([LAYERS["vgg16"]]).dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
    }


def _resident(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dream", description=__doc__)
    parser.add_argument("--size", type=int, default=512, help="side of the picture in pixels")
    parser.add_argument("--iterations", type=int, default=3, help="steps per round")
    parser.add_argument("--rounds", type=int, default=7, help="how often each is measured")
    parser.add_argument("--threads", type=int, default=0, help="0: as many as there are cores")
    parser.add_argument("--dtype", choices=DTYPES, help="computed in; otherwise what is faster")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--peak", choices=sorted(LAYERS), help=argparse.SUPPRESS)
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
        *step_figures(asked.size, asked.iterations, asked.rounds, bar),
        *memory_figures(asked.size, told["threads"], asked.dtype),
    ]
    rows = [figure.row() for figure in figures]
    if asked.json:
        names = [*HEAD[:-1], "verdict"]
        found = [dict(zip(names, row, strict=True)) for row in rows]
        print(json.dumps({"machine": told, "figures": found}, ensure_ascii=False))
    else:
        has = "with" if told["bf16"] else "without"
        print(f"{told['cpu']}, {has} bfloat16, computes in {told['dtype']}; torch {told['torch']}")
        print(f"{told['threads']} thread{'s' * (told['threads'] > 1)} each\n")
        print(table(HEAD, rows))
    return 0 if all(figure.is_met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
