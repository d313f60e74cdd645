"""How quick an answer from the result cache is: `python -m benchmarks.cache [--hits N]`.

A job that makes nothing is made once; then the same request is sent again and again and must be
answered with its results, by HTTP, as a job of its own each time. Beside it, in turns, the same
request with `Cache-Control: no-cache`, which is made. Needs Linux. Exits with 1 when a bar is
missed or an answer is not what it should be.
"""

import argparse
import asyncio
import contextlib
import json
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.rig import http
from benchmarks.rig.figures import Costs, table
from benchmarks.rig.systems import System, ours

BAR_MS = 10.0
ROUNDS = 5
HEAD = ["answer", "fastest", "median", "p95", "bar", ""]
WAIT_SECONDS = 30


@dataclass
class Answers:
    """How long the answers of one sort took, in milliseconds, and what was wrong with them."""

    name: str
    is_cached: bool
    bar_ms: float | None = None
    took: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    async def ask(self, connection: http.Connection, request: bytes) -> None:
        """Ask once."""
        began = time.perf_counter()
        answer = await connection.ask(request)
        self.took.append((time.perf_counter() - began) * 1000)
        job = json.loads(answer.body)
        found = (answer.status, job.get("status"), job.get("cached"))
        if found != (200, "succeeded", self.is_cached):
            self.faults.append(f"{self.name}: {found}")

    @property
    def is_met(self) -> bool:
        """Whether the median is within the bar."""
        return self.bar_ms is None or statistics.median(self.took) <= self.bar_ms

    def row(self) -> list[str]:
        """Return a row of the table."""
        p95 = statistics.quantiles(self.took, n=20)[-1]
        figures = [min(self.took), statistics.median(self.took), p95]
        verdict = "-" if self.bar_ms is None else "pass" if self.is_met else "FAIL"
        bar = "-" if self.bar_ms is None else f"<= {self.bar_ms:g} ms"
        return [self.name, *(f"{figure:.2f} ms" for figure in figures), bar, verdict]


async def measure(system: System, hits: int, costs: Costs) -> list[Answers]:
    """Send both sorts of request in turns over one connection; the first waits for the worker."""
    port = system.port
    cached = Answers("from the cache", is_cached=True, bar_ms=BAR_MS)
    made = Answers("made, waited for", is_cached=False)
    first = Answers("the first", is_cached=False)
    anew = _request(port, "Cache-Control: no-cache\r\n")
    connection = await http.connect(port)
    await first.ask(connection, anew)
    for _ in range(ROUNDS):
        for answers, request, share in ((made, anew, 5), (cached, _request(port, ""), 1)):
            count = max(hits // ROUNDS // share, 2)
            with costs.noted(answers.name, system.parts) as note:
                for _ in range(count):
                    await answers.ask(connection, request)
                note(count)
    connection.close()
    return [cached, made, first]


def _request(port: int, headers: str) -> bytes:
    head = (
        f"POST /v1/noop HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"{headers}Prefer: wait={WAIT_SECONDS}\r\nContent-Length: {len(http.BODY)}\r\n\r\n"
    )
    return head.encode() + http.BODY


def run(hits: int, folder: Path) -> bool:
    """Measure, print, and say whether all was as it should be."""
    costs = Costs()
    with contextlib.ExitStack() as stack:
        system = stack.enter_context(ours(folder))
        stack.enter_context(system.working())
        answers = asyncio.run(measure(system, hits, costs))
        files = sum(path.is_file() for path in system.outputs.rglob("*"))
    cached, *others = answers
    made = sum(len(each.took) for each in others)
    faults = [fault for each in answers for fault in each.faults]
    if files != made:
        faults.append(f"{made} jobs were made, {files} files are there")
    print(table(HEAD, [each.row() for each in answers[:2]]))
    print(f"\n{costs.table()}")
    print(f"\n{len(cached.took)} answers from the cache, {made} jobs made, {files} files")
    print("\n".join(f"FAULT {fault}" for fault in faults[:20]))
    return not faults and all(each.is_met for each in answers)


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cache", description=__doc__)
    parser.add_argument("--hits", type=int, default=1000, help="how many answers from the cache")
    asked = parser.parse_args()
    # short, since the path of a unix socket has 100 bytes at most
    with tempfile.TemporaryDirectory(prefix="bench-", dir="/tmp") as folder:
        sys.exit(0 if run(asked.hits, Path(folder)) else 1)


if __name__ == "__main__":
    main()
