"""Redis killed while jobs wait and run."""

import time
from collections.abc import Callable
from pathlib import Path

from redis.exceptions import RedisError

from genart_core.jobs.record import JobId
from tests.chaos.conftest import Scale
from tests.chaos.ledger import Row
from tests.chaos.verdict import judge
from tests.support.arts import executions
from tests.support.requests import queue_art, wait_for_status
from tests.support.table import Table
from tests.support.up import GenartUp
from tests.support.waiting import wait_for

BACK_SECONDS = 5.0


def test_no_job_is_lost_when_redis_is_killed(
    up: GenartUp, scale: Scale, record: Callable[[Row], Row], tmp_path: Path
) -> None:
    row = record(Row("Redis killed", "kill -9, jobs running and queued", "a new job is done"))

    with up.client() as redis:
        table = Table(redis)
        for turn in range(scale.rounds):
            up.wait_until_whole()
            ids = begin_six(table, tmp_path / f"journal{turn}")
            up.kill("redis")
            struck = time.monotonic()
            wait_for(lambda: answers(table), 10, "Redis is back")
            late = queue_art(table, client="late")
            wait_for_status(table, late, "succeeded", seconds=20)
            row.recovery.append(time.monotonic() - struck)

            for job_id in ids:
                wait_for_status(table, job_id, "succeeded", seconds=20)
            judge(row, table, [*ids, late], home=up.home, redis_data=up.home / "redis")

    assert (row.lost, row.twice) == (0, 0)
    assert max(row.recovery) <= BACK_SECONDS


def begin_six(table: Table, journal: Path) -> list[JobId]:
    """Submit jobs that can't be made together, and return them once the first is under way."""
    ids = [
        queue_art(table, steps=20, ms=20, name="job", journal=journal, group=str(n), seed=n)
        for n in range(6)
    ]
    wait_for(lambda: executions(journal), 10, "the first is under way")
    return ids


def answers(table: Table) -> bool:
    try:
        return bool(table.redis.ping())
    except RedisError:
        return False
