"""The load: `python -m benchmarks.rig.load`, a process of its own.

Reads one `Order` per line of standard input as JSON and answers each with one `Outcome`.
"""

import asyncio
import itertools
import statistics
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import orjson
import uvloop

from benchmarks.rig import http

Way = Literal["post", "wait", "poll"]
POLL_SECONDS = 0.005
WAIT_SECONDS = 30
STUCK_SECONDS = 60


@dataclass(frozen=True)
class Order:
    """`concurrency` clients share `count` jobs, and begin none once `seconds` are over.

    `way`: `post` leaves the job alone once it is accepted, `wait` lets the server hold the request
    until the job is done, `poll` asks each 5 ms. `expect` = what the last answer must say.
    """

    port: int
    way: Way
    concurrency: int
    count: int
    seconds: float
    expect: dict[str, Any]


@dataclass
class Outcome:
    """How many jobs, in how long, and how long each took; `problems` ought to be empty."""

    jobs: int = 0
    seconds: float = 0.0
    p50_ms: float = 0.0
    p95_ms: float = 0.0
    problems: list[str] = field(default_factory=list)


async def carry_out(order: Order) -> Outcome:
    """Put the load on."""
    connections = [await http.connect(order.port) for _ in range(order.concurrency)]
    turns = iter(range(order.count))
    taken: list[float] = []
    answers: list[http.Answer] = []
    begun = time.perf_counter()
    async with asyncio.timeout(order.seconds + STUCK_SECONDS):
        await asyncio.gather(*(_client(order, c, turns, taken, answers) for c in connections))
    seconds = time.perf_counter() - begun
    for connection in connections:
        connection.close()
    # checked now, since reading JSON takes its time
    problems = [fault for answer in answers if (fault := _fault(answer, order.expect))]
    cuts = statistics.quantiles(taken, n=20) if len(taken) > 1 else taken * 19
    return Outcome(len(taken), seconds, cuts[9] * 1000, cuts[18] * 1000, problems[:5])


async def _client(
    order: Order,
    connection: http.Connection,
    turns: Iterator[int],
    taken: list[float],
    answers: list[http.Answer],
) -> None:
    key = uuid.uuid4().hex
    give_up = time.perf_counter() + order.seconds
    for turn in turns:
        begun = time.perf_counter()
        answers.append(await _one(order, connection, f"{key}-{turn}"))
        ended = time.perf_counter()
        taken.append(ended - begun)
        if ended >= give_up:
            break


async def _one(order: Order, connection: http.Connection, key: str) -> http.Answer:
    wait = WAIT_SECONDS if order.way == "wait" else 0
    answer = await connection.ask(http.post(order.port, "/v1/noop", key, wait))
    if order.way != "poll" or answer.status != 202:
        return answer
    request = http.get(order.port, f"/v1/jobs/{orjson.loads(answer.body)['id']}")
    for _ in itertools.count():
        await asyncio.sleep(POLL_SECONDS)
        answer = await connection.ask(request)
        if answer.status != 200 or orjson.loads(answer.body)["status"] not in ("queued", "running"):
            break
    return answer


def _fault(answer: http.Answer, expect: dict[str, Any]) -> str | None:
    if answer.status not in (200, 202):
        return f"{answer.status}: {answer.body[:300]!r}"
    job = orjson.loads(answer.body)
    wrong = {name: job.get(name) for name, value in expect.items() if job.get(name) != value}
    return f"job {job.get('id')} has {wrong}, expected {expect}" if wrong else None


def main() -> None:
    """Answer orders until standard input ends."""
    for line in sys.stdin.buffer:
        outcome = uvloop.run(carry_out(Order(**orjson.loads(line))))
        sys.stdout.buffer.write(orjson.dumps(asdict(outcome)) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
