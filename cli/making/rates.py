"""How fast this machine makes each art: its own code, on typical requests, in this process."""

import io
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cli.errors import JobFailedError
from cli.making.local import LocalBench
from genart_core.artwork import Artwork, Run
from genart_core.catalogue import find_kind, load_generator

SIDE = 256  # of the pictures that are dreamed of and painted
PICTURES = 64
CHARACTERS = 400


@dataclass(frozen=True)
class Probe:
    """A request to be made again and again, `together` of them at a time.

    `count` tells how many units a run has brought, by the steps that it reported.
    """

    kind: str
    unit: str
    request: dict[str, Any]
    count: Callable[[int], int]
    together: int = 1


@dataclass(frozen=True)
class Rate:
    """Units per second: the median over rounds, the slowest and the fastest."""

    kind: str
    unit: str
    together: int
    rate: float
    slowest: float
    fastest: float
    rounds: int
    threads: int


@dataclass(eq=False)  # generators keep runs in sets
class ProbeRun:
    """Implements `genart_core.artwork.Run`; it only counts."""

    request: Any
    inputs: dict[str, bytes]
    steps: int = 0
    failure: str = ""
    stopped: bool = False
    wants_preview: bool = False
    is_done: bool = False

    def input(self, ref: str) -> bytes:
        """Return a picture's file."""
        return self.inputs[ref]

    def progress(self, step: int, total: int) -> None:
        """Note how far it is."""
        self.steps = step

    def token(self, sample: int, text: str) -> None:
        """Take text, which counts when it is whole."""

    def preview(self, data: bytes, media_type: str, *, width: int, height: int) -> None:
        """Nobody looks."""

    def finish(self, artwork: Artwork) -> None:
        """Note that it is done."""
        self.is_done = True

    def fail(self, code: str, detail: str) -> None:
        """Note why it is not."""
        self.failure = detail


@dataclass
class Prober:
    """Measures on one workbench; `threads_of` sets a kind's threads and returns how many it has."""

    bench: LocalBench
    threads_of: Callable[[int], int]
    clock: Callable[[], float] = time.perf_counter
    inputs: dict[str, bytes] = field(default_factory=dict)

    def measure(self, probe: Probe, seconds: float) -> Rate:
        """Return how fast it goes, after one round to warm up, in at least that time and one round.

        Raises:
            JobFailedError: if it can't be made.
        """
        threads = self.threads_of(find_kind(probe.kind).threads)
        self._round(probe, 0)
        rates: list[float] = []
        begin = self.clock()
        while not rates or self.clock() - begin < seconds:
            before = self.clock()
            units = self._round(probe, len(rates) + 1)
            rates.append(units / (self.clock() - before))
        return Rate(
            probe.kind,
            probe.unit,
            probe.together,
            statistics.median(rates),
            min(rates),
            max(rates),
            len(rates),
            threads,
        )

    def _round(self, probe: Probe, number: int) -> int:
        kind = find_kind(probe.kind)
        seeds = [probe.together * number + place for place in range(probe.together)]
        requests = [kind.request.model_validate({**probe.request, "seed": s}) for s in seeds]
        runs = [ProbeRun(request, self.inputs) for request in requests]
        handed: Sequence[Run] = runs
        load_generator(probe.kind)(handed, self.bench)
        for run in runs:
            if not run.is_done:
                raise JobFailedError(f"{probe.kind}: {run.failure or 'nothing was made'}")
        return sum(probe.count(run.steps) for run in runs)


def probes(inputs: dict[str, bytes]) -> Iterator[Probe]:
    """Yield what is measured, and put the pictures that it needs into `inputs`."""
    content, style = (_kept(inputs, waves) for waves in (2, 9))
    text, pictures = {"length": CHARACTERS}, {"count": PICTURES, "layout": "sheet", "scale": 1}
    texts = f"texts, {CHARACTERS} characters"
    yield Probe("text", texts, text, lambda _: 1)
    yield Probe("text", texts, text, lambda _: 1, together=16)
    dream = {"image": content, "size": SIDE, "octaves": 2, "iterations": 5}
    yield Probe("dream", f"steps, up to {SIDE} px", dream, lambda steps: steps)
    painted = {"content": content, "style": style, "size": SIDE, "scales": 1, "iterations": 10}
    yield Probe("style", f"steps, {SIDE} px", painted, lambda steps: steps)
    yield Probe("vae-sample", "pictures", pictures, lambda _: PICTURES)
    yield Probe("gan-sample", "pictures", pictures, lambda _: PICTURES)


def _kept(inputs: dict[str, bytes], waves: int) -> str:
    """Draw a picture, keep it among the inputs, and return what requests call it."""
    from PIL import Image

    grey = Image.radial_gradient("L").resize((SIDE, SIDE))
    bands = [grey.point(lambda v, w=waves, s=s: (v * w + 80 * s) % 256) for s in range(3)]
    file = io.BytesIO()
    Image.merge("RGB", bands).save(file, "PNG")
    name = f"asset:{sha256(file.getvalue()).hexdigest()}"
    inputs[name] = file.getvalue()
    return name
