"""Workers that are killed, put to sleep for a while, or not rung for."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from genart_core.jobs.record import JobId
from tests.chaos.conftest import Pair, Scale
from tests.chaos.ledger import Row
from tests.chaos.verdict import attempts_with_files, judge
from tests.support.arts import executions, workers_of
from tests.support.requests import queue_art, queue_unheard, wait_for_status
from tests.support.table import Table
from tests.support.up import GenartUp
from tests.support.waiting import wait_for

Record = Callable[[Row], Row]

REQUEUED_SECONDS = 1.0
RUNNING_SECONDS = 5.0
BY_LEASE_SECONDS = 10.0


def test_job_of_a_killed_worker_runs_again_under_the_supervisor(
    up: GenartUp, scale: Scale, record: Record, tmp_path: Path
) -> None:
    row = record(Row("worker killed", "kill -9 in mid-job, its supervisor there", "it runs again"))
    journal = tmp_path / "journal"

    with up.client() as redis:
        table = Table(redis)
        for turn in range(scale.rounds):
            up.wait_until_whole()
            job_id, name = begin(table, journal, turn)
            up.kill("worker")
            row.recovery.append(seconds_until_it_runs_again(table, job_id))
            wait_for_status(table, job_id, "succeeded")

            judge(row, table, [job_id], home=up.home, redis_data=up.home / "redis")
            assert executions(journal).count(name) == 2
            assert executions(journal, "finished").count(name) == 1

    assert (row.lost, row.twice) == (0, 0)
    assert max(row.recovery) <= max(RUNNING_SECONDS, 2 * seconds_to_import())


def test_job_of_a_lost_host_runs_again_on_another(
    pair: Pair, scale: Scale, record: Record, tmp_path: Path
) -> None:
    row = record(Row("host lost", "kill -9 in mid-job, no supervisor", "it runs on another"))
    journal = tmp_path / "journal"

    with pair.valkey.client() as redis:
        table = Table(redis)
        for turn in range(scale.slow_rounds):
            pair.make_whole()
            job_id, name = begin(table, journal, turn)
            pair.with_pid(workers_of(journal, name)[0]).kill()
            row.recovery.append(seconds_until_it_runs_elsewhere(journal, name))
            wait_for_status(table, job_id, "succeeded")

            judge(row, table, [job_id], home=pair.home, redis_data=pair.valkey.folder)
            assert executions(journal, "finished").count(name) == 1

    assert (row.lost, row.twice) == (0, 0)
    assert max(row.recovery) <= BY_LEASE_SECONDS


def test_worker_that_slept_past_its_lease_commits_nothing(
    pair: Pair, scale: Scale, record: Record, tmp_path: Path
) -> None:
    row = record(Row("worker asleep", "SIGSTOP past the lease, SIGCONT", "it runs on another"))
    journal = tmp_path / "journal"
    pair.make_whole()

    with pair.valkey.client() as redis:
        table = Table(redis)
        for turn in range(scale.slow_rounds):
            job_id, name = begin(table, journal, turn, kind="deaf", steps=20, ms=50)
            sleeper = pair.with_pid(workers_of(journal, name)[0])
            sleeper.signal(signal.SIGSTOP)
            try:
                row.recovery.append(seconds_until_it_runs_elsewhere(journal, name))
                wait_for_status(table, job_id, "succeeded")
            finally:
                sleeper.signal(signal.SIGCONT)
            wait_until_refused(pair, job_id)

            judge(row, table, [job_id], home=pair.home, redis_data=pair.valkey.folder)
            assert sleeper.process.poll() is None

    assert (row.lost, row.twice) == (0, 0)
    assert max(row.recovery) <= BY_LEASE_SECONDS


def test_job_whose_doorbell_was_lost_is_made(up: GenartUp, scale: Scale, record: Record) -> None:
    row = record(Row("doorbell lost", "its list deleted as it was rung", "the job is done"))

    with up.client() as redis:
        table = Table(redis)
        wait_for_status(table, queue_art(table), "succeeded")  # Redis knows the scripts
        for turn in range(scale.rounds):
            wait_for(lambda: redis.info("clients")["blocked_clients"], 5, "the worker listens")
            job_id = queue_unheard(table, seed=turn)
            struck = time.monotonic()
            wait_for_status(table, job_id, "succeeded")
            row.recovery.append(time.monotonic() - struck)
            judge(row, table, [job_id], home=up.home, redis_data=up.home / "redis")

    assert (row.lost, row.twice) == (0, 0)
    assert max(row.recovery) <= RUNNING_SECONDS


def begin(
    table: Table, journal: Path, turn: int, *, kind: str = "steps", **fields: Any
) -> tuple[JobId, str]:
    """Submit a job, and return its id and its name in the journal once it is under way."""
    name = f"{kind}{turn}"
    facts = {"steps": 60, "ms": 10, **fields, "name": name, "journal": journal, "seed": turn}
    job_id = queue_art(table, kind, **facts)
    wait_for(lambda: name in executions(journal), 10, "it has begun")
    if kind == "steps":
        wait_for(lambda: table.job(job_id).step > 5, 10, "it is under way")
    return job_id, name


def seconds_until_it_runs_again(table: Table, job_id: JobId) -> float:
    struck = time.monotonic()
    wait_for_status(table, job_id, "queued", seconds=REQUEUED_SECONDS)
    wait_for_status(table, job_id, "running", seconds=60)
    return time.monotonic() - struck


def seconds_until_it_runs_elsewhere(journal: Path, name: str) -> float:
    struck = time.monotonic()
    wait_for(lambda: len(set(workers_of(journal, name))) == 2, 20, "another worker has begun it")
    return time.monotonic() - struck


def wait_until_refused(pair: Pair, job_id: JobId) -> None:
    """Return when the first attempt of a job has tried to commit, in vain, and left no files."""
    verdict = f"job_id={job_id} kind=deaf attempt=1 status=lost"
    wait_for(lambda: verdict in pair.log, 10, "its commit is refused")
    wait_for(lambda: attempts_with_files(pair.home, job_id) == 1, 10, "its files are gone")


def seconds_to_import() -> float:
    """Return how long this machine takes now to import what a worker needs."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import torch, celery.bin.worker"], check=True)
    return time.monotonic() - began
