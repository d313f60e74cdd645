"""Whether a heavy client can starve the rest: `python -m benchmarks.fairness [--quick]`.

Each client is an API key of its own; the job makes nothing but takes 30 ms, by itself, on the one
worker. (1) Clients of weight 1, 2 and 4 have more jobs in the line than are made while those of
each are counted. (2) Four light clients send one job at a time, first among themselves, then beside
a heavy one whose jobs are in the line already. Exits with 1 when a bar is missed.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import orjson

from benchmarks.rig import http
from benchmarks.rig.figures import table
from benchmarks.rig.processes import wait_for
from benchmarks.rig.whole import Whole, whole
from genart_core.jobs import access, caller, upkeep
from genart_core.jobs.record import JobId
from genart_core.jobs.store import run as send

KIND = "busy"
JOB_MS = 30
LIGHT = 4
REST_SECONDS = 0.1  # of a light client between two jobs
WEIGHTS = (1.0, 2.0, 4.0)
MOST_OFF = 0.02  # of all turns
MOST_TIMES = 2.0  # of what a light client waits without the heavy one
WAIT_SECONDS = 30
SHARES_HEAD = ["weight", "jobs sent", "turns", "share", "due", "bar", ""]
WAITS_HEAD = ["light clients, submit to end", "jobs", "p50", "p95", "worst", "p50 ratio", "bar", ""]


@dataclass(frozen=True)
class Size:
    """How much to measure: jobs per weighted client and of the heavy one, seconds of light ones."""

    weighted: int
    heavy: int
    seconds: float

    @property
    def turns(self) -> int:
        """How many turns are counted: so many that the quickest client never runs out."""
        return int(self.weighted * sum(WEIGHTS) / max(WEIGHTS) * 0.95)


FULL = Size(weighted=300, heavy=500, seconds=12.0)
QUICK = Size(weighted=30, heavy=50, seconds=1.5)


@dataclass
class Caller:
    """A client with a key."""

    port: int
    key: str
    random: Random
    jobs: list[JobId] = field(default_factory=list)
    took: list[float] = field(default_factory=list)

    async def send(self, count: int) -> None:
        """Put so many jobs into the line."""
        connection = await http.connect(self.port)
        for _ in range(count):
            answer = await connection.ask(self._request(0))
            if answer.status != 202:
                raise RuntimeError(f"{answer.status}: {answer.body[:300]!r}")
            self.jobs.append(JobId(orjson.loads(answer.body)["id"]))
        connection.close()

    async def use(self, seconds: float) -> None:
        """Send one job at a time, and rest in between."""
        connection, until = await http.connect(self.port), time.perf_counter() + seconds
        while time.perf_counter() < until:
            await asyncio.sleep(self.random.uniform(0, 2 * REST_SECONDS))
            begun = time.perf_counter()
            answer = await connection.ask(self._request(WAIT_SECONDS))
            self.took.append((time.perf_counter() - begun) * 1000)
            if answer.status != 200:
                raise RuntimeError(f"{answer.status}: {answer.body[:300]!r}")
        connection.close()

    def _request(self, wait_seconds: int) -> bytes:
        body = orjson.dumps({"ms": JOB_MS, "seed": self.random.randrange(2**50)})
        return http.submit(self.port, "/v1/busy", body, wait_seconds=wait_seconds, key=self.key)


def new_caller(service: Whole, name: str, weight: float = 1.0) -> Caller:
    """Make a key of this weight, and a client that has it."""
    key = access.new_key()
    about = access.Key(access.new_key_id(), name, int(time.time() * 1000), weight)
    send(service.table, access.create_key(access.digest_of(key.encode()), about))
    return Caller(service.port, key, Random(name))


def share_out(service: Whole, size: Size) -> tuple[list[list[str]], bool]:
    """Let clients of several weights wait for their turns; return rows, and if shares are due."""
    callers = [new_caller(service, f"weight {weight:g}", weight) for weight in WEIGHTS]
    for each in callers:
        asyncio.run(each.send(size.weighted))
    with service.working(1, KIND) as workers:
        wait_for(lambda: _is_empty(service), workers, pause=0.2)
    begun = sorted(
        (_began(service, job), number) for number, each in enumerate(callers) for job in each.jobs
    )
    turns = Counter(number for _, number in begun[: size.turns])
    rows, all_due = [], True
    for number, weight in enumerate(WEIGHTS):
        share, due = turns[number] / size.turns, weight / sum(WEIGHTS)
        is_due = abs(share - due) <= MOST_OFF
        all_due = all_due and is_due
        cells = [
            f"{weight:g}",
            str(size.weighted),
            str(turns[number]),
            f"{share:.1%}",
            f"{due:.1%}",
        ]
        rows.append([*cells, f"+- {MOST_OFF:.0%}", "pass" if is_due else "FAIL"])
    return rows, all_due


def crowd(service: Whole, size: Size) -> tuple[list[list[str]], bool]:
    """Let light clients work alone and beside a heavy one; return rows, and if they are served."""
    with service.working(1, KIND):
        alone = [new_caller(service, f"alone {n}") for n in range(LIGHT)]
        asyncio.run(_use(alone, size.seconds))
        heavy = new_caller(service, "heavy")
        asyncio.run(heavy.send(size.heavy))
        beside = [new_caller(service, f"beside {n}") for n in range(LIGHT)]
        asyncio.run(_use(beside, size.seconds))
        left = sum(
            waiting for waiting, _ in send(service.table, upkeep.survey([KIND])).ready.values()
        )
    usual, crowded = (
        sorted(t for each in callers for t in each.took) for callers in (alone, beside)
    )
    times = statistics.median(crowded) / statistics.median(usual)
    is_served = times <= MOST_TIMES and left > 0
    bar = [f"{times:.2f}", f"<= {MOST_TIMES:g}", "pass" if is_served else "FAIL"]
    rows = [
        [f"{LIGHT} of them alone", *_waits(usual), "-", "-", "-"],
        [f"beside {size.heavy} of another ({left} left at the end)", *_waits(crowded), *bar],
    ]
    return rows, is_served


async def _use(callers: list[Caller], seconds: float) -> None:
    await asyncio.gather(*(each.use(seconds) for each in callers))


def _waits(took: list[float]) -> list[str]:
    p95 = statistics.quantiles(took, n=20)[-1]
    return [str(len(took)), *(f"{ms:.0f} ms" for ms in (statistics.median(took), p95, took[-1]))]


def _began(service: Whole, job: JobId) -> tuple[int, int]:
    found = send(service.table, caller.get(job, "")).placed
    if found is None or found.job.status != "succeeded":
        raise RuntimeError(f"{job} has not been made")
    return found.job.started_at, found.job.fence


def _is_empty(service: Whole) -> bool:
    found = send(service.table, upkeep.survey([KIND]))
    return found.leases == 0 and found.ready[KIND][0] == 0


def run(size: Size, folder: Path) -> bool:
    """Measure, print, and say whether the bars are met."""
    with whole(folder, kinds=KIND) as service:
        shares, are_due = share_out(service, size)
        print(f"The first {size.turns} turns:\n\n{table(SHARES_HEAD, shares)}\n", flush=True)
        waits, are_served = crowd(service, size)
        print(table(WAITS_HEAD, waits))
    return are_due and are_served


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fairness", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="be done within seconds")
    asked = parser.parse_args()
    # short, since the path of a unix socket has 100 bytes at most
    with tempfile.TemporaryDirectory(prefix="bench-", dir="/tmp") as folder:
        sys.exit(0 if run(QUICK if asked.quick else FULL, Path(folder)) else 1)


if __name__ == "__main__":
    main()
