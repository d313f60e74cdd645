"""What the service adds to the art: `python -m benchmarks.service [--quick]`.

A job that makes nothing goes through the whole engine, beside (a) FastAPI answering 202 with
nothing behind it and (b) a plain Celery service (`rig/plain_celery.py`). Rounds alternate between
them, each service has a Redis of its own, and at the end every job must have been done exactly
once. Needs Linux. Exits with 1 when a bar is missed.
"""

import argparse
import contextlib
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, NoReturn, TypeVar

from benchmarks.rig.figures import HEAD, Costs, Figure, Memory, table
from benchmarks.rig.load import Outcome, Way
from benchmarks.rig.load_process import Load, load_process
from benchmarks.rig.systems import System, framework_only, ours, plain_celery

T = TypeVar("T")


@dataclass(frozen=True)
class Size:
    """How much to measure: `seconds` per service and figure in each of `rounds`."""

    rounds: int
    seconds: float

    @property
    def posts(self) -> int:
        """Jobs to post in a round."""
        return int(500 * self.seconds)


FULL = Size(rounds=5, seconds=3.0)
QUICK = Size(rounds=3, seconds=0.8)


class Turn(NamedTuple):
    """One service, and how its clients learn that a job is done."""

    system: System
    way: Way


@dataclass(frozen=True)
class Stage:
    """Everything that runs."""

    load: Load
    ours: System
    bare: System
    plain: System


def measure_posts(stage: Stage, size: Size) -> list[Figure]:
    """CPU time of the gateway per accepted job, while no worker is there."""
    name = "POST -> 202, gateway CPU per job"
    bare = Figure(name, "µs", stage.bare.name, bar=4.0)
    plain = Figure(name, "µs", stage.plain.name)
    for systems in _alternating((stage.bare, stage.ours, stage.plain), size.rounds):
        cost = {}
        for system in systems:
            stage.load.put(system, "post", concurrency=16, count=50, seconds=10)  # warm up
            before = system.gateway.cpu_seconds
            outcome = stage.load.put(system, "post", concurrency=16, count=size.posts, seconds=30)
            cost[system.name] = (system.gateway.cpu_seconds - before) / outcome.jobs * 1e6
        for figure in (bare, plain):
            figure.add(cost[stage.ours.name], cost[figure.beside])
    return [bare, plain]


def measure_latency(stage: Stage, size: Size, costs: Costs) -> list[Figure]:
    """From submit to done, one job at a time."""
    figures = [
        Figure("submit -> done, p50, 1 client", "ms", stage.plain.name, bar=0.6),
        Figure("the same, both polling", "ms", stage.plain.name),
    ]
    return _measure_jobs(stage, size, costs, 1, figures, lambda outcome: outcome.p50_ms)


def measure_rate(stage: Stage, size: Size, costs: Costs) -> list[Figure]:
    """Jobs done per second, 32 clients with one job each at a time."""
    figures = [
        Figure("jobs/s, 32 clients", "/s", stage.plain.name, bar=1.5, at_least=True),
        Figure("the same, both polling", "/s", stage.plain.name),
    ]
    return _measure_jobs(
        stage, size, costs, 32, figures, lambda outcome: outcome.jobs / outcome.seconds
    )


def _measure_jobs(
    stage: Stage,
    size: Size,
    costs: Costs,
    concurrency: int,
    figures: list[Figure],
    value: Callable[[Outcome], float],
) -> list[Figure]:
    """Fill two figures: ours by long-poll, then by polling, each beside the other's polling."""
    ways = [Turn(stage.ours, "wait"), Turn(stage.plain, "poll"), Turn(stage.ours, "poll")]
    for turn in _alternating(ways, size.rounds):
        found: dict[tuple[str, Way], float] = {}
        for system, way in turn:
            stage.load.put(system, way, concurrency=concurrency, count=32, seconds=5)  # warm up
            with costs.noted(f"{system.name}, {way}, {concurrency}", system.parts) as note:
                outcome = stage.load.put(
                    system, way, concurrency=concurrency, count=10_000, seconds=size.seconds
                )
                note(outcome.jobs)
            found[system.name, way] = value(outcome)
        beside = found[stage.plain.name, "poll"]
        figures[0].add(found[stage.ours.name, "wait"], beside)
        figures[1].add(found[stage.ours.name, "poll"], beside)
    return figures


def run(size: Size, folder: Path) -> bool:
    """Measure, print, and say whether every bar was reached and all work was done."""
    with contextlib.ExitStack() as stack:
        stage = Stage(
            load=stack.enter_context(load_process(folder)),
            ours=stack.enter_context(ours(_made(folder / "ours"))),
            bare=stack.enter_context(framework_only(_made(folder / "bare"))),
            plain=stack.enter_context(plain_celery(_made(folder / "plain"))),
        )
        costs = Costs()
        figures: list[Figure | Memory] = [*measure_posts(stage, size)]
        stack.enter_context(stage.ours.working())
        stack.enter_context(stage.plain.working())
        figures += measure_latency(stage, size, costs)
        figures += measure_rate(stage, size, costs)
        figures.append(_memory(stage))
        accounts = [stage.ours.account(), stage.plain.account()]
    faults = stage.bare.problems + [fault for account in accounts for fault in account.faults]
    print(table(HEAD, [figure.row() for figure in figures]))
    print(f"\n{costs.table()}\n")
    print("\n".join([*map(str, accounts), *(f"FAULT {fault}" for fault in faults)]))
    return not faults and all(figure.is_met for figure in figures)


def _memory(stage: Stage) -> Memory:
    return Memory(
        "gateway memory after all of it",
        90.0,
        stage.ours.gateway.resident_bytes,
        stage.plain.gateway.resident_bytes,
        stage.plain.name,
    )


def _alternating(items: Sequence[T], rounds: int) -> Iterator[Sequence[T]]:
    """Yield the items once per round, every other time backwards."""
    for turn in range(rounds):
        yield items if turn % 2 == 0 else items[::-1]


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _leave(*_: object) -> NoReturn:
    sys.exit("stopped")  # through the exit stacks, which end what was started


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.service", description=__doc__)
    parser.add_argument("--rounds", type=int, help="how often each service is measured")
    parser.add_argument("--seconds", type=float, help="how long at a time")
    parser.add_argument("--quick", action="store_true", help="be done within a minute")
    asked = parser.parse_args()
    usual = QUICK if asked.quick else FULL
    size = Size(asked.rounds or usual.rounds, asked.seconds or usual.seconds)
    signal.signal(signal.SIGTERM, _leave)
    # short, since the path of a unix socket has 100 bytes at most
    with tempfile.TemporaryDirectory(prefix="bench-", dir="/tmp") as folder:
        sys.exit(0 if run(size, Path(folder)) else 1)


if __name__ == "__main__":
    main()
