"""What metrics are made of: counts that the transitions keep in Redis, whoever makes them.

A figure is counted in the step that it tells of, so that several gateways, or one that is started
anew, tell the same. What only a worker sees, batches and loaded models, it counts itself and tells
with its announcement.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from genart_core.jobs.store import Call, pairs_of, text_of

BATCH_BOUNDS = (1, 2, 4, 8, 16, 32, 64, 128)
UNMEASURED_SECONDS = 10.0
"""What a job is taken to need of a device before one of its kind has ended.

Nothing at all would never have an autoscaler start the first worker.
"""


class Distribution(NamedTuple):
    """How many were counted up to each bound (none left out, the last is `+Inf`), and their sum."""

    buckets: tuple[tuple[str, int], ...]
    total: float

    @property
    def times(self) -> int:
        """How many were counted in all."""
        return self.buckets[-1][1]


class Loads(NamedTuple):
    """How often a model was loaded, and how long that took in all."""

    times: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Figures:
    """Since the store was made, by kind; `loads` by `art/name` of the model.

    `queue` is the time from submit to the first start and `execution` that of a run that succeeded,
    in seconds; `batch` is how many were made together. `backlog` is by (kind, state), in seconds of
    one device: what the jobs need that are waiting, and what those that are running need in all,
    as it is guessed for their ETA.
    """

    queue: dict[str, Distribution]
    execution: dict[str, Distribution]
    batch: dict[str, Distribution]
    attempts: dict[str, int]
    recoveries: dict[str, int]
    handbacks: dict[str, int]
    misses: dict[str, int]
    loads: dict[str, Loads]
    backlog: dict[tuple[str, str], float]


def read_figures(kinds: Sequence[str]) -> Call[Figures]:
    """Read them."""

    def decode(reply: Any) -> Figures:
        bounds = tuple(text_of(bound) for bound in reply[0])
        counts = {text_of(name): int(count) for name, count in pairs_of(reply[1]).items()}
        batch_bounds = tuple(map(str, BATCH_BOUNDS))
        queue = {k: _distribution(counts, f"queue {k}", bounds, "ms") for k in kinds}
        reruns = _by_kind(counts, "reruns", kinds)
        return Figures(
            queue=queue,
            execution={k: _distribution(counts, f"execution {k}", bounds, "ms") for k in kinds},
            batch={k: _distribution(counts, f"batch {k}", batch_bounds, "jobs") for k in kinds},
            attempts={kind: queue[kind].times + again for kind, again in reruns.items()},
            recoveries=_by_kind(counts, "recoveries", kinds),
            handbacks=_by_kind(counts, "handbacks", kinds),
            misses=_by_kind(counts, "misses", kinds),
            loads=_loads(counts),
            backlog={
                (text_of(kind), state): _seconds(jobs, float(ms))
                for kind, *loads in reply[2]
                for state, jobs, ms in (("waiting", *loads[:2]), ("running", *loads[2:]))
            },
        )

    return Call("figures", tuple(kinds), decode)


def batch_figures(kind: str, jobs: int) -> dict[str, int]:
    """Return what a batch of so many jobs adds."""
    at = bisect_left(BATCH_BOUNDS, jobs)
    bound = str(BATCH_BOUNDS[at]) if at < len(BATCH_BOUNDS) else "+Inf"
    return {f"batch {kind} {bound}": 1, f"batch {kind} jobs": jobs}


def load_figures(model: str, seconds: float) -> dict[str, int]:
    """Return what the loading of a model, `art/name`, adds."""
    return {f"load {model} count": 1, f"load {model} ms": round(seconds * 1000)}


def _distribution(
    counts: Mapping[str, int], figure: str, bounds: Sequence[str], sum_part: str
) -> Distribution:
    buckets, so_far = [], 0
    for bound in (*bounds, "+Inf"):
        so_far += counts.get(f"{figure} {bound}", 0)
        buckets.append((bound, so_far))
    total = counts.get(f"{figure} {sum_part}", 0)
    return Distribution(tuple(buckets), total / 1000 if sum_part == "ms" else total)


def _by_kind(counts: Mapping[str, int], figure: str, kinds: Sequence[str]) -> dict[str, int]:
    return {kind: counts.get(f"{figure} {kind}", 0) for kind in kinds}


def _loads(counts: Mapping[str, int]) -> dict[str, Loads]:
    names = sorted(n[5:-6] for n in counts if n.startswith("load ") and n.endswith(" count"))
    return {
        name: Loads(counts[f"load {name} count"], counts.get(f"load {name} ms", 0) / 1000)
        for name in names
    }


def _seconds(jobs: int, milliseconds: float) -> float:
    """Return the device time that so many jobs need; below zero is not measured yet."""
    return UNMEASURED_SECONDS * jobs if milliseconds < 0 else milliseconds / 1000
