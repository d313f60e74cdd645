"""Jobs of several callers while workers, Redis and the gateway are killed at random."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from threading import Event, Thread
from typing import Any

from genart_core.jobs.record import JobId
from tests.chaos.conftest import Scale, StartUp
from tests.chaos.ledger import Row
from tests.chaos.verdict import judge
from tests.support.arts import verse
from tests.support.caller import Caller
from tests.support.requests import request_of
from tests.support.table import Table
from tests.support.up import GenartUp, Role

CALLERS = 8
ROLES: tuple[Role, ...] = ("worker", "redis", "gateway")


@dataclass
class Run:
    """Callers at work on one service, and someone who strikes it as their jobs get done."""

    up: GenartUp
    fate: random.Random
    texts: dict[JobId, str] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    blows: list[Role] = field(default_factory=list)
    is_over: Event = field(default_factory=Event)

    def call(self, body: dict[str, Any]) -> None:
        """Post one job, wait for it, and fetch its output."""
        kind = "batched" if body["seed"] % 2 else "steps"
        caller = Caller(self.up.url)
        with caller.http:
            began = time.monotonic()
            url = caller.post(kind, key=f"chaos {body['seed']}", **body)
            job = caller.wait_for_end(url)
            assert job["status"] == "succeeded", job["error"]
            text = caller.get(job["outputs"][0]["url"]).text
            self.seconds.append(time.monotonic() - began)
            self.texts[JobId(job["id"])] = text

    def strike(self, count: int, jobs: int) -> None:
        """Kill something whenever another part of the jobs is done; each role has its turn."""
        rounds = (self.fate.sample(ROLES, len(ROLES)) for _ in range(count))
        for number, role in enumerate(list(chain.from_iterable(rounds))[:count]):
            while len(self.texts) < jobs * number / count or not self.up.pids(role):
                if self.is_over.wait(0.01):
                    return
            if self.is_over.wait(self.fate.uniform(0, 0.5)):
                return
            self.up.kill(role)
            self.blows.append(role)


def test_jobs_under_random_kills_are_made_once_each(
    start_up: StartUp, scale: Scale, record: Callable[[Row], Row]
) -> None:
    seed = random.SystemRandom().randrange(10**6)
    what = f"{scale.blows} kills of any of them, seed {seed}"
    row = record(Row("all at once", what, "a caller has the text, from the submit"))
    fate = random.Random(seed)
    run = Run(start_up(f"random-{scale.jobs}", workers=2), fate)
    bodies = [body_of(number, fate) for number in range(scale.jobs)]

    striking = Thread(target=run.strike, args=(scale.blows, scale.jobs))
    striking.start()
    try:
        with ThreadPoolExecutor(CALLERS) as callers:
            list(callers.map(run.call, bodies))
    finally:
        run.is_over.set()
        striking.join()

    run.up.wait_until_whole()
    row.recovery += run.seconds
    with run.up.client() as redis:
        table = Table(redis)
        ids = table.stored_ids()
        assert sorted(ids) == sorted(run.texts), "one job for each submit, however often sent"
        assert run.texts == {job_id: verse(request_of(table, job_id)) for job_id in ids}
        judge(row, table, ids, home=run.up.home, redis_data=run.up.home / "redis")
    assert len(run.blows) == scale.blows
    assert (row.jobs, row.lost, row.twice) == (scale.jobs, 0, 0)


def body_of(number: int, fate: random.Random) -> dict[str, Any]:
    return {
        "seed": number,
        "steps": fate.randint(10, 60),
        "ms": 10,
        "group": fate.choice(["a", "b"]),
    }
