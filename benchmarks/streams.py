"""What idle event streams cost a gateway: `python -m benchmarks.streams [--streams N]`.

So many readers follow jobs that nobody makes, on one gateway. Measured there, and by turns on a
second one without readers: memory and CPU time at rest, how long a submit takes, and how long after
a job's end its `done` event arrives. Then the gateway is replaced by another one, and readers of
texts that are being written go on with `Last-Event-ID`: what they have put together must be what a
fresh reader is shown.
Needs Linux. Exits with 1 when a bar is missed.
"""

import argparse
import asyncio
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import orjson

from benchmarks.rig import http
from benchmarks.rig.figures import table
from benchmarks.rig.processes import Process
from benchmarks.rig.sse import Follower, follow
from benchmarks.rig.whole import Whole, whole

REST_SECONDS = 16.0  # longer than between two heartbeats
WAIT_SECONDS = 60
WARM_UP = 5  # rounds that aren't counted
JOB_MS = 50.0  # so that its stream is open before it ends
AT_ONCE = 50  # readers that connect at the same time
TEXT_LENGTH = 100_000  # characters: longer than it is followed
MOST_KB = 50.0  # of memory for a stream
MOST_CPU = 0.1  # of a core, all of them
MOST_TIMES = 1.5  # of what a submit and an event take without
HEAD = ["figure", "no streams", "with them", "ratio", "bar", ""]


@dataclass
class Side:
    """A gateway, and how long submits and events took there, in milliseconds."""

    process: Process
    port: int
    submits: list[float] = field(default_factory=list)
    events: list[float] = field(default_factory=list)
    idle_share: float = 0.0


class Bench:
    """A service with a worker that makes nothing but `busy`, and its clients."""

    def __init__(self, service: Whole, rounds: int, rest: float) -> None:
        self.service = service
        self.rounds = rounds
        self.rest = rest
        self.port = service.port

    async def measure(self, sides: list[Side]) -> None:
        """Measure all at rest first, then by turns with one job at a time."""
        before = [side.process.cpu_seconds for side in sides]
        begun = time.perf_counter()
        await asyncio.sleep(self.rest)
        seconds = time.perf_counter() - begun
        for side, used in zip(sides, before, strict=True):
            side.idle_share = (side.process.cpu_seconds - used) / seconds
        connections = [await http.connect(side.port) for side in sides]
        for turn in range(-WARM_UP, self.rounds):
            for side, connection in zip(sides, connections, strict=True):
                figures = await self._one(side.port, connection)
                if turn >= 0:
                    side.submits.append(figures[0])
                    side.events.append(figures[1])
        for connection in connections:
            connection.close()

    async def _one(self, port: int, connection: http.Connection) -> tuple[float, float]:
        """Have a job made; return how long its submit took, and from its end to the event."""
        begun = time.perf_counter()
        job = await self._submit(connection, JOB_MS)
        took = (time.perf_counter() - begun) * 1000
        async with follow(port, job["id"]) as follower:
            await follower.until_done()
        ended = datetime.fromisoformat(follower.picture.job["finished_at"]).timestamp()
        return took, (follower.done_at - ended) * 1000

    async def _submit(self, connection: http.Connection, ms: float) -> dict[str, str]:
        body = orjson.dumps({"ms": ms, "seed": time.time_ns() % 2**50})
        answer = await connection.ask(http.submit(self.port, "/v1/busy", body))
        if answer.status != 202:
            raise RuntimeError(f"{answer.status}: {answer.body[:300]!r}")
        job: dict[str, str] = orjson.loads(answer.body)
        return job

    async def cancel_all(self, port: int) -> None:
        """Cancel what has not ended."""
        connection = await http.connect(port)
        body = orjson.dumps({"all": True})
        await connection.ask(http.submit(port, "/v1/jobs/cancel", body))
        connection.close()

    async def queue(self, count: int, **fields: object) -> list[str]:
        """Submit texts, which the worker doesn't make; return their ids."""
        connection, ids = await http.connect(self.port), []
        for number in range(count):
            body = orjson.dumps({"seed": number, **fields})
            answer = await connection.ask(http.submit(self.port, "/v1/text", body))
            ids.append(orjson.loads(answer.body)["id"])
        connection.close()
        return ids


async def open_all(port: int, ids: list[str]) -> list[Follower]:
    """Open a stream for each of these jobs, and have each show its first event."""
    followers = []
    for start in range(0, len(ids), AT_ONCE):
        part = [Follower(port, job_id) for job_id in ids[start : start + AT_ONCE]]
        await asyncio.gather(*(each.open() for each in part))
        await asyncio.gather(*(each.until(lambda p: bool(p.job)) for each in part))
        followers += part
    return followers


async def idle(bench: Bench, streams: int) -> tuple[list[list[str]], bool]:
    """Measure a gateway without and one with streams; return rows, and if the bars are met."""
    ids = await bench.queue(streams)
    with bench.service.another_gateway() as (process, port):
        without, beside = Side(process, port), Side(bench.service.gateway, bench.port)
        before = beside.process.resident_bytes
        followers = await open_all(bench.port, ids)
        per_stream = (beside.process.resident_bytes - before) / streams
        await bench.measure([without, beside])
        less, more = (f"{side.process.resident_bytes / 1e6:.1f} MB" for side in (without, beside))
    held = streams - sum(follower.is_closed for follower in followers)
    for follower in followers:
        follower.close()
    shares, memory = f"{beside.idle_share:.2%}", f"{per_stream / 1e3:.1f} kB"
    fits, rests = per_stream <= MOST_KB * 1e3, beside.idle_share <= MOST_CPU
    rows = [
        _row("streams open", "0", str(held), "-", str(streams), held == streams),
        _row("memory per stream", "-", memory, "-", f"<= {MOST_KB:g} kB", fits),
        _row("gateway memory", less, more),
        _row("CPU at rest", f"{without.idle_share:.2%}", shares, "-", f"<= {MOST_CPU:.0%}", rests),
        *_times("submit -> 202", without.submits, beside.submits),
        *_times("job's end -> `done` event", without.events, beside.events),
    ]
    return rows, all(row[-1] != "FAIL" for row in rows)


def _times(name: str, there: list[float], here: list[float]) -> Iterator[list[str]]:
    """Yield the rows of what was measured by turns; the median is judged."""
    for quantile, cut in (("p50", 9), ("p95", 18)):
        less, more = (statistics.quantiles(each, n=20)[cut] for each in (there, here))
        bar = f"<= {MOST_TIMES:g}" if quantile == "p50" else "-"
        is_met = more <= MOST_TIMES * less if quantile == "p50" else None
        there_ms, here_ms = f"{less:.2f} ms", f"{more:.2f} ms"
        yield _row(f"{name}, {quantile}", there_ms, here_ms, f"{more / less:.2f}", bar, is_met)


def _row(
    name: str, there: str, here: str, ratio: str = "-", bar: str = "-", is_met: bool | None = None
) -> list[str]:
    verdict = "-" if is_met is None else "pass" if is_met else "FAIL"
    return [name, there, here, ratio, bar, verdict]


async def begin_texts(bench: Bench, sample: int) -> list[Follower]:
    """Have texts written, and follow them until there is something of each."""
    followers = await open_all(bench.port, await bench.queue(sample, length=TEXT_LENGTH))
    async with asyncio.timeout(WAIT_SECONDS):
        await asyncio.gather(
            *(each.until(lambda picture: picture.characters > 40) for each in followers)
        )
    return followers


async def go_on(bench: Bench, old: list[Follower], port: int) -> int:
    """Follow jobs on at another gateway, beside fresh readers; return how often both see the same.

    They are to do so in the middle, as of what the fresh one has seen then, and at the end.
    """
    resumed = [Follower(port, each.job_id, each) for each in old]
    fresh = [Follower(port, each.job_id) for each in old]
    await asyncio.gather(*(each.open() for each in resumed + fresh))
    await asyncio.gather(*(each.until(lambda picture: bool(picture.names)) for each in fresh))
    shown = [deepcopy(each.picture) for each in fresh]
    await bench.cancel_all(port)
    await asyncio.gather(*(each.until_done() for each in resumed + fresh))
    return sum(
        one.has_resumed
        and first.names[0] == "snapshot"
        and one.picture.agrees(first)
        and one.picture.job == other.picture.job
        for one, first, other in zip(resumed, shown, fresh, strict=True)
    )


def run(streams: int, rounds: int, rest: float, sample: int, folder: Path) -> bool:
    """Measure, print, and say whether the bars are met."""
    limits = {"active_jobs_per_client": "100000", "shutdown_seconds": "1"}
    with whole(folder, **limits) as service:
        bench = Bench(service, rounds, rest)
        with service.working(1, "busy"):
            rows, is_met = asyncio.run(idle(bench, streams))
        print(table(HEAD, rows), flush=True)
        right = asyncio.run(_restart(bench, sample))
    print(f"\n{right} of {sample} readers had the whole state after the gateway was replaced")
    return is_met and right == sample


async def _restart(bench: Bench, sample: int) -> int:
    service = bench.service
    await bench.cancel_all(bench.port)
    with service.working(1, "text"):
        followers = await begin_texts(bench, sample)
        for follower in followers:
            follower.close()
        service.gateway.popen.terminate()
        service.gateway.popen.wait(WAIT_SECONDS)
        with service.another_gateway() as (_, port):
            async with asyncio.timeout(2 * WAIT_SECONDS):
                return await go_on(bench, followers, port)


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.streams", description=__doc__)
    parser.add_argument("--streams", type=int, default=1000, help="how many readers follow")
    parser.add_argument("--rounds", type=int, default=50, help="jobs to measure with")
    parser.add_argument("--rest", type=float, default=REST_SECONDS, help="seconds at rest")
    parser.add_argument("--sample", type=int, default=20, help="readers of texts that go on")
    asked = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # ours, and that of what we start
    # short, since the path of a unix socket has 100 bytes at most
    with tempfile.TemporaryDirectory(prefix="bench-", dir="/tmp") as folder:
        done = run(asked.streams, asked.rounds, asked.rest, asked.sample, Path(folder))
        sys.exit(0 if done else 1)


if __name__ == "__main__":
    main()
