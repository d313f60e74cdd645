"""The benchmark that the arts of latent points share: pictures a second, and how exact they are.

Each brings a `Subject`; the command line, the contest, the table and the verdict are these.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from benchmarks.dream import BF16_FLAGS
from benchmarks.rig.figures import HEAD, Figure, table
from benchmarks.text import machine
from genart_core.artwork import Output
from genart_core.nn.device import working_dtype
from genart_core.weights import find_model

BATCH = 16
FASTER, PSNR_DB = 2.2, 45.0  # the bars
HOME = Path("~/.genart")

Paint: TypeAlias = Callable[[], Tensor]


class Subject(Protocol):
    """An art under measurement, with one of its models."""

    kind: str
    served: str

    def drawing(self, *, rounds: int, repeats: int, bar: float | None) -> list[Figure]:
        """Return ours beside plain forms; what is judged has the bar."""

    def psnr(self) -> float:
        """Return how near to float32 ours is, in dB."""

    def sheet(self, seed: int) -> Output:
        """Return the sheet that a job of a seed makes."""


def run(
    subject_of: Callable[[str], Subject],
    arguments: Sequence[str] | None,
    *,
    art: str,
    about: str | None,
    model: str,
) -> int:
    """Measure as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{art}", description=about)
    parser.add_argument("--model", default=model, help="name, file, or `random`")
    parser.add_argument("--rounds", type=int, default=9, help="how often each is measured")
    parser.add_argument("--repeats", type=int, default=20, help="batches per round")
    parser.add_argument("--threads", type=int, default=0, help="0: as many as there are cores")
    parser.add_argument("--url", help="measure a running service too, or with `own` one of its own")
    asked = parser.parse_args(arguments)
    if asked.threads:
        torch.set_num_threads(asked.threads)
    subject = subject_of(asked.model)
    info = Path("/proc/cpuinfo")
    has_bf16 = bool(BF16_FLAGS & set(info.read_text().split() if info.exists() else ()))
    bar = FASTER if has_bf16 else None
    figures = subject.drawing(rounds=asked.rounds, repeats=asked.repeats, bar=bar)
    costs = ""
    if asked.url:
        served, costs = _served(subject, asked.url, max(1, asked.rounds // 2))
        figures += served
    return _verdict(figures, costs, subject.psnr())


def contest(figures: Sequence[Figure], ours: Paint, others: Sequence[Paint], *, rounds: int,
            repeats: int) -> None:  # fmt: skip
    """Add rounds in which ours and the others paint by turns; each figure is beside one of them."""
    everybody = [ours, *others]
    for paint in everybody:
        rate(paint, 2)  # warm up
    for turn in range(rounds):
        order = everybody if turn % 2 == 0 else everybody[::-1]
        found = {paint: rate(paint, repeats) for paint in order}
        for figure, other in zip(figures, others, strict=True):
            figure.add(found[ours], found[other])


def rate(paint: Paint, repeats: int) -> float:
    """Return pictures per second."""
    with torch.inference_mode():
        begin = time.perf_counter()
        count = sum(len(paint()) for _ in range(repeats))
        return count / (time.perf_counter() - begin)


def decibels(images: Tensor, wanted: Tensor) -> float:
    """Return the PSNR of images in [0, 1]."""
    error = (images - wanted).square().mean()
    return float(-10.0 * torch.log10(error.clamp(min=1e-12)))


def file_of(art: str, wish: str) -> Path:
    """Return the file of a model by name or path."""
    return Path(wish) if Path(wish).is_file() else find_model(art, wish, HOME.expanduser()).path


def _served(subject: Subject, url: str, rounds: int) -> tuple[list[Figure], str]:
    from benchmarks.rig.sheets import through_service  # here, since GPU checks have no Redis

    threads = torch.get_num_threads()
    sheets = (subject.kind, subject.served, subject.sheet)
    return through_service(url, *sheets, rounds=rounds, threads=threads)


def _verdict(figures: Sequence[Figure], costs: str, error: float) -> int:
    told, threads = machine(), torch.get_num_threads()
    dtype = str(working_dtype("cpu")).removeprefix("torch.")
    print(f"{told['cpu']}, computes in {dtype}; torch {told['torch']}; threads: {threads}\n")
    print(table(HEAD, [figure.row() for figure in figures]))
    if costs:
        print(f"\n{costs}")
    print(f"\nPSNR against float32: {error:.1f} dB (bar: > {PSNR_DB:g})")
    return 0 if error > PSNR_DB and all(figure.is_met for figure in figures) else 1
