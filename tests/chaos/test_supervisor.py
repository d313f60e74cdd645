"""The supervisor killed, which can't tidy up after itself then."""

import time
from collections.abc import Callable
from pathlib import Path

from genart_core.jobs.record import JobId
from tests.chaos.conftest import Scale, StartUp
from tests.chaos.ledger import Row
from tests.chaos.verdict import judge
from tests.support.arts import executions
from tests.support.requests import queue_art, wait_for_status
from tests.support.table import Table
from tests.support.up import GenartUp
from tests.support.waiting import wait_for

GONE_SECONDS = 2.0


def test_killed_supervisor_leaves_no_orphan_and_the_next_one_goes_on(
    start_up: StartUp, scale: Scale, record: Callable[[Row], Row], tmp_path: Path
) -> None:
    row = record(Row("supervisor killed", "kill -9 in mid-job, started anew", "no process is left"))

    for turn in range(scale.slow_rounds):
        first = start_up("killed")
        job_id = begin(first, tmp_path / f"journal{turn}")
        row.recovery.append(seconds_until_all_is_gone(first))

        second = start_up("killed")
        with second.client() as redis:
            table = Table(redis)
            wait_for_status(table, job_id, "succeeded", seconds=15)
            judge(row, table, [job_id], home=second.home, redis_data=second.home / "redis")
        second.stop()

    assert (row.lost, row.twice) == (0, 0)
    assert max(row.recovery) <= GONE_SECONDS


def begin(up: GenartUp, journal: Path) -> JobId:
    """Submit a job, and return it once it is under way."""
    with up.client() as redis:
        job_id = queue_art(Table(redis), steps=60, ms=10, name="job", journal=journal)
        wait_for(lambda: executions(journal), 10, "it is under way")
    return job_id


def seconds_until_all_is_gone(up: GenartUp) -> float:
    """Kill the supervisor alone, and wait for its children to end."""
    up.process.kill()
    struck = time.monotonic()
    up.process.wait()
    wait_for(lambda: not up.orphans(), 10, "no process is left")
    return time.monotonic() - struck
