"""How fast text is written, beside a plain `nn.LSTM` loop: `python -m benchmarks.text`.

Ours is `generate` as a job runs it, drawing at T = 0.8, on one or two threads, as it finds to be
faster. Beside it the same weights step through `nn.LSTM`, one character at a time, with torch's
defaults and with oneDNN off, each on as many threads as suit it best. Rounds alternate between them
and ratios within a round are judged. Exits with 1 when a bar is missed.
"""

import argparse
import contextlib
import json
import platform
import statistics
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from benchmarks.rig.alone import LoneBench, LoneRun
from benchmarks.rig.figures import HEAD, Figure, table
from genart_core.arts.text.cell import Cell, load_cell
from genart_core.arts.text.generate import generate
from genart_core.arts.text.native.kernel import kernel
from genart_core.arts.text.request import TextRequest
from genart_core.arts.text.stored import StoredModel, load_model, unpack
from genart_core.catalogue import find_kind
from genart_core.weights import SHIPPED

TEMPERATURE = 0.8
TEXTS = 16
SLOW = 20  # with torch's defaults so many times fewer characters are written
THREADS = (1, 2)


class Bars(NamedTuple):
    """How many times the plain loop's rate, for one text and for `TEXTS` together."""

    one: float
    many: float


BARS = {True: Bars(3.5, 20.0), False: Bars(2.0, 4.0)}  # by whether the CPU has AVX-512 VNNI


class Bench(LoneBench):
    """A workbench whose model writes texts on so many threads."""

    def __init__(self, path: Path, threads: int = find_kind("text").threads) -> None:
        super().__init__(path)
        self.threads = threads

    @property
    def way(self) -> str:
        """Return in which way steps are taken, once it is certain."""
        kernel().wait()
        cell: Cell = self.model("text", self.path.stem, load_cell)
        return cell.way

    def write(self, texts: int, characters: int) -> float:
        """Write so many texts of so many characters; return the seconds it took."""
        request = TextRequest(
            length=characters, temperature=TEMPERATURE, num_samples=texts, seed=1, model="bench"
        )
        run = LoneRun(request)
        begin = time.perf_counter()
        with threads(self.threads):
            generate([run], self)
        seconds = time.perf_counter() - begin
        if run.artwork is None or len(run.artwork.outputs) != texts:
            raise RuntimeError(f"{texts} texts were asked for and not made")
        return seconds


class Plain:
    """What is commonly written: embedding, `nn.LSTM`, linear layer, softmax, multinomial."""

    def __init__(self, model: StoredModel) -> None:
        network, config = unpack(model.config, model.tensors), model.config
        self.embedding = network.embedding
        self.head = network.output_weight, network.head.bias
        self.lstm = nn.LSTM(config.embedding, config.hidden, config.layers).eval()
        for n, layer in enumerate(network.layers):
            for name, value in layer.named_parameters():
                self.lstm.get_parameter(name.replace("_l0", f"_l{n}")).data.copy_(value)

    @torch.inference_mode()
    def write(self, characters: int) -> float:
        """Write one text of so many characters; return the seconds it took."""
        begin = time.perf_counter()
        ids, state = torch.zeros(1, 1, dtype=torch.long), None
        for _ in range(characters):
            x, state = self.lstm(self.embedding(ids), state)
            p = F.softmax(F.linear(x[-1], *self.head) / TEMPERATURE, dim=-1)
            ids = torch.multinomial(p, 1)
        return time.perf_counter() - begin


class Way(NamedTuple):
    """How the plain loop runs, and for how many characters at a time."""

    name: str
    has_onednn: bool
    threads: int
    characters: int

    def __str__(self) -> str:
        return f"nn.LSTM, {self.name}, {self.threads} thread{'s' * (self.threads > 1)}"

    def seconds(self, plain: Plain) -> float:
        """Return the seconds per character."""
        onednn = contextlib.nullcontext() if self.has_onednn else without_onednn()
        with threads(self.threads), onednn:
            return plain.write(self.characters) / self.characters


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """Compute on `count` threads inside."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def without_onednn() -> Iterator[None]:
    """Leave oneDNN out inside."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "TF32 acceleration")  # flags() always sets that one too
        with torch.backends.mkldnn.flags(enabled=False):
            yield


def best_of(ways: Sequence[Way], plain: Plain, rounds: int) -> Way:
    """Return the way whose median round is the fastest."""
    found = [[way.seconds(plain) for way in ways] for _ in range(rounds)]
    medians = [statistics.median(column) for column in zip(*found, strict=True)]
    return ways[medians.index(min(medians))]


def opponents(plain: Plain, characters: int, beside: int) -> list[Way]:
    """Return the ways at their best, and the first of them also on `beside` threads, as ours is."""
    few = max(2, characters // SLOW)
    off = {n: Way("oneDNN off", False, n, characters) for n in (*THREADS, beside)}
    defaults = [Way("torch's defaults", True, n, few) for n in THREADS]
    best = best_of([off[n] for n in THREADS], plain, 3)
    return list(dict.fromkeys([best, off[beside], best_of(defaults, plain, 3)]))


def measured(bench: Bench, characters: int, rounds: int, bars: Bars) -> list[Figure]:
    """Return all figures, `rounds` times measured; those beside the quickest loop have bars."""
    plain = Plain(load_model(bench.path))
    ways = opponents(plain, characters, bench.threads)
    ours: dict[int, float] = {1: bars.one, TEXTS: bars.many}
    rates = {
        (texts, way): Figure(
            _named(texts, "characters/s"),
            "/s",
            str(way),
            bar=bar if way is ways[0] else None,
            at_least=True,
        )
        for way in ways
        for texts, bar in ours.items()
    }
    steps = {texts: Figure(_named(texts, "a step"), "ms", str(ways[0])) for texts in ours}
    for texts in ours:
        bench.write(texts, max(2, characters // SLOW))  # warm up
    for turn in range(rounds):
        order: list[int | Way] = [1, TEXTS, *ways]
        found: dict[int | Way, float] = {
            x: bench.write(x, characters) / characters if isinstance(x, int) else x.seconds(plain)
            for x in (order if turn % 2 == 0 else order[::-1])
        }
        for (texts, way), figure in rates.items():
            figure.add(texts / found[texts], 1 / found[way])
        for texts, figure in steps.items():
            figure.add(found[texts] * 1e3, found[ways[0]] * 1e3)
    return [*rates.values(), *steps.values()]


def machine() -> dict[str, str | bool]:
    """Return what the figures depend on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.processor() or platform.machine(),
        "torch": torch.__version__,
        "avx512_vnni": any("avx512_vnni" in line.split() for line in lines),
    }


def _named(texts: int, what: str) -> str:
    return f"{what}, {texts} text{'s' * (texts > 1)}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.text", description=__doc__)
    parser.add_argument("--model", default="nietzsche", help="a model that ships, or a file")
    parser.add_argument("--characters", type=int, default=600, help="per text and round")
    parser.add_argument("--rounds", type=int, default=9, help="how often each is measured")
    most = find_kind("text").threads
    parser.add_argument("--threads", type=int, default=most, help="that ours may compute on")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    asked = parser.parse_args(arguments)
    is_file = asked.model.endswith(".safetensors")
    path = Path(asked.model) if is_file else SHIPPED / "text" / f"{asked.model}.safetensors"
    about = machine()
    bars = BARS[bool(about["avx512_vnni"])]
    bench = Bench(path, asked.threads)
    about["steps"] = bench.way
    figures = measured(bench, asked.characters, asked.rounds, bars)
    rows = [figure.row() for figure in figures]
    if asked.json:
        names = [*HEAD[:-1], "verdict"]
        found = [dict(zip(names, row, strict=True)) for row in rows]
        print(json.dumps({"machine": about, "figures": found}, ensure_ascii=False))
    else:
        has = "with" if about["avx512_vnni"] else "without"
        print(f"{about['cpu']}, {has} AVX-512 VNNI; torch {about['torch']}; {asked.model}")
        count = "one thread" if asked.threads == 1 else f"up to {asked.threads} threads"
        print(f"ours with {about['steps']} steps on {count}\n")
        print(table(HEAD, rows))
    return 0 if all(figure.is_met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
