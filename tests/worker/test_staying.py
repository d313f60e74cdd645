"""A worker that has found nothing more stays while it writes endings, but not for long."""

import threading

import pytest

from genart_core.jobs.record import Job, JobId
from tests.support.requests import queue_art
from tests.support.table import Table
from tests.support.waiting import wait_for
from tests.worker.conftest import MakeEngine


def test_job_that_comes_while_an_ending_is_written_is_made_in_the_same_look(
    table: Table, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine()
    later: list[JobId] = []
    claims: list[tuple[Job, ...]] = []
    claim, release = engine.claim, engine.keeper.release

    def noting(limit: int) -> tuple[Job, ...]:
        claims.append(claim(limit))
        return claims[-1]

    def settled(job: Job) -> None:
        if not later:
            wait_for(lambda: () in claims, 30, "it has found nothing more")
            later.append(queue_art(table))
        release(job)

    monkeypatch.setattr(engine, "claim", noting)
    monkeypatch.setattr(engine.ledger, "_settled", settled)
    monkeypatch.setattr("worker.engine.STAY_SECONDS", 10)
    queue_art(table)

    engine.look()
    engine.ledger.wait()

    assert table.job(later[0]).status == "succeeded"


def test_ending_that_takes_long_is_not_waited_for(
    table: Table, make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, may_end = make_engine(), threading.Event()
    release = engine.keeper.release

    def settled(job: Job) -> None:
        may_end.wait(20)
        release(job)

    monkeypatch.setattr(engine.ledger, "_settled", settled)
    job_id = queue_art(table)

    engine.look()

    assert [job.id for job in engine.keeper.jobs] == [job_id]
    may_end.set()
    engine.ledger.wait()
