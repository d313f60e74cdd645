"""How true the told ETA is: `python -m benchmarks.eta [--seconds S] [--workers N] [--seed N]`.

A service of its own is sent a seeded mix of small jobs of every kind by several clients of several
habits: one at a time, in bursts, with priorities. Each answer tells an interval for the job's end;
afterwards it is held against when the job did end: that of the submit, and that of each later look
while it waited and while it was being made. At least nine in ten must have ended inside. Jobs of
the first third of the time warm the service up and aren't counted. Exits with 1 when the bar is
missed.
"""

import argparse
import asyncio
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Literal

import orjson

from benchmarks.rig import http
from benchmarks.rig.figures import table
from benchmarks.rig.mix import CLIENTS, Habit, body_of, pictures
from benchmarks.rig.whole import whole

BAR = 0.9
WARM_UP = 1 / 3  # of the time
FIRST_LOOK, LOOKS_APART = 0.15, 1.6  # seconds, and how many times as long each further pause is
PATIENCE_SECONDS = 150
HEAD = [
    "told",
    "intervals",
    "ended inside",
    "too early",
    "too late",
    "width / whole time",
    "bar",
    "",
]

Stage = Literal["at submit", "while waiting", "while being made"]


@dataclass(frozen=True)
class Told:
    """An interval as it was told, in seconds since 1970, and when."""

    stage: Stage
    at: float
    low: float
    high: float


@dataclass
class Fate:
    """One job: what was told of it, when it ended (0 = not yet), and what was wrong with it."""

    kind: str
    is_counted: bool
    told: list[Told] = field(default_factory=list)
    untold: int = 0
    ended: float = 0.0
    problem: str = ""

    def note(self, stage: Stage, at: float, eta: dict[str, float] | None) -> None:
        """Note what an answer told."""
        if eta is None:
            self.untold += 1
        else:
            self.told.append(Told(stage, at, at + eta["low"], at + eta["high"]))


@dataclass
class Tally:
    """How many intervals there were, and how they turned out."""

    inside: int = 0
    early: int = 0
    late: int = 0
    widths: list[float] = field(default_factory=list)

    def add(self, told: Told, begun: float, ended: float) -> None:
        """Judge one interval; times are in milliseconds, so half a one is granted."""
        self.early += ended < told.low - 5e-4
        self.late += ended > told.high + 5e-4
        self.inside += told.low - 5e-4 <= ended <= told.high + 5e-4
        self.widths.append((told.high - told.low) / max(ended - begun, 1e-3))

    @property
    def count(self) -> int:
        """Intervals judged."""
        return self.inside + self.early + self.late

    @property
    def is_met(self) -> bool:
        """Whether enough ended inside."""
        return self.inside >= BAR * self.count

    def row(self, name: str, *, is_judged: bool) -> list[str]:
        """Return a row of the table."""
        if not self.count:
            return [name, "0", *["-"] * 6]
        shares = [f"{each / self.count:.1%}" for each in (self.inside, self.early, self.late)]
        bar = [f">= {BAR:.0%}", "pass" if self.is_met else "FAIL"] if is_judged else ["-", "-"]
        return [name, str(self.count), *shares, f"{statistics.median(self.widths):.2f}", *bar]


@dataclass
class Run:
    """What all clients share: where to send, until when, and what became of it."""

    port: int
    begun: float
    seconds: float
    images: tuple[str, ...]
    fates: list[Fate] = field(default_factory=list)

    async def client(self, number: int, habit: Habit, random: Random) -> None:
        """Send jobs as this client does until time is up, and follow each to its end."""
        while (left := self.begun + self.seconds - time.time()) > 0:
            burst = range(random.randint(1, habit.burst))
            await asyncio.gather(*(self._follow(number, habit, random) for _ in burst))
            await asyncio.sleep(min(random.expovariate(1 / habit.pause_seconds), left))

    async def _follow(self, number: int, habit: Habit, random: Random) -> None:
        kind, body = body_of(random, habit, self.images)
        priority = random.choice(habit.priorities)
        fate = Fate(kind, is_counted=time.time() > self.begun + WARM_UP * self.seconds)
        connection = await http.connect(self.port, number)
        with contextlib.closing(connection):
            path = f"/v1/{kind}?priority={priority}"
            answer = await connection.ask(http.submit(self.port, path, orjson.dumps(body)))
            job = orjson.loads(answer.body)
            self.fates.append(fate)
            if answer.status != 202:
                fate.problem = f"{kind}: {answer.status} {answer.body[:300]!r}"
                return
            fate.note("at submit", _moment(job["created_at"]), job["eta"])
            await self._look(connection, job["urls"]["self"], fate)

    async def _look(self, connection: http.Connection, path: str, fate: Fate) -> None:
        pause, request = FIRST_LOOK, http.get(self.port, path)
        give_up = time.time() + PATIENCE_SECONDS
        while time.time() < give_up:
            await asyncio.sleep(pause)
            asked = time.time()
            job = orjson.loads((await connection.ask(request)).body)
            if job["finished_at"]:
                fate.ended = _moment(job["finished_at"])
                if job["status"] != "succeeded":
                    fate.problem = f"{fate.kind}: {job['status']} {job['error']}"
                return
            stage: Stage = "while waiting" if job["status"] == "queued" else "while being made"
            fate.note(stage, (asked + time.time()) / 2, job["eta"])
            pause = min(pause * LOOKS_APART, 2.0)
        fate.problem = f"{fate.kind}: has not ended in {PATIENCE_SECONDS} s"


async def put_on(port: int, seconds: float, seed: int) -> list[Fate]:
    """Have all clients send their jobs; return what became of them."""
    run = Run(port, time.time(), seconds, pictures(Random(seed)))
    async with asyncio.timeout(seconds + PATIENCE_SECONDS + 30):
        await asyncio.gather(
            *(
                run.client(number, habit, Random(seed * 1000 + number))
                for number, habit in enumerate(CLIENTS, start=1)
            )
        )
    return run.fates


def judged(fates: Iterable[Fate], *, stages: Iterable[Stage] = ("at submit",)) -> Tally:
    """Return how these jobs' intervals of these stages turned out."""
    tally = Tally()
    for fate in fates:
        for told in fate.told:
            if told.stage in stages and fate.ended:
                tally.add(told, fate.told[0].at, fate.ended)
    return tally


def report(fates: list[Fate], seconds: float, workers: int) -> bool:
    """Print the table; say whether the bars are met and all jobs were made."""
    counted = [fate for fate in fates if fate.is_counted]
    stages: tuple[Stage, ...] = ("at submit", "while waiting", "while being made")
    tallies = {stage: judged(counted, stages=(stage,)) for stage in stages}
    rows = [tally.row(stage, is_judged=True) for stage, tally in tallies.items()]
    for kind in sorted({fate.kind for fate in counted}):
        one = judged(fate for fate in counted if fate.kind == kind)
        rows.append(one.row(f"at submit, {kind}", is_judged=False))
    print(table(HEAD, rows))
    warm = sum(not fate.is_counted for fate in fates)
    untold = sum(fate.untold for fate in counted)
    took = [fate.ended - fate.told[0].at for fate in counted if fate.told and fate.ended]
    cuts = statistics.quantiles(took, n=20)
    print(
        f"\n{len(counted)} jobs of {len(CLIENTS)} clients in {(1 - WARM_UP) * seconds:.0f} s on "
        f"{workers} workers, after {warm} jobs in {WARM_UP * seconds:.0f} s of warm-up; "
        f"{untold} times no ETA\nfrom submit to end: median {cuts[9]:.2f} s, "
        f"5 % below {cuts[0]:.2f} s, 5 % above {cuts[18]:.2f} s"
    )
    problems = [fate.problem for fate in fates if fate.problem]
    print("\n".join(f"FAULT {problem}" for problem in problems[:20]))
    return not problems and all(tally.is_met for tally in tallies.values())


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.eta", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0, help="how long jobs are sent")
    parser.add_argument("--workers", type=int, default=2, help="how many make them")
    parser.add_argument("--seed", type=int, default=1, help="of the mix")
    asked = parser.parse_args()
    # short, since the path of a unix socket has 100 bytes at most
    with tempfile.TemporaryDirectory(prefix="bench-", dir="/tmp") as folder:
        with whole(Path(folder)) as service, service.working(asked.workers):
            fates = asyncio.run(put_on(service.port, asked.seconds, asked.seed))
        sys.exit(0 if report(fates, asked.seconds, asked.workers) else 1)


if __name__ == "__main__":
    main()
