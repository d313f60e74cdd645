"""A Redis with no memory left: nothing new is admitted, and what has been goes on."""

import pytest
from redis.exceptions import OutOfMemoryError

from tests.support.table import Table
from tests.support.valkey import full


def test_refused_submit_leaves_no_trace(table: Table) -> None:
    before = set(table.names())

    with full(table.redis), pytest.raises(OutOfMemoryError):
        table.enter(key="k", fingerprint="f")

    assert set(table.names()) == before


def test_refused_report_changes_nothing(table: Table) -> None:
    job = table.running()
    before = table.snapshot(job.id)

    with full(table.redis), pytest.raises(OutOfMemoryError):
        table.report(job, (0, 0, "text"), progress=(1, 2))

    after = table.snapshot(job.id)
    assert (after.placed and after.placed.job, after.partial, after.last_event) == (
        before.placed and before.placed.job,
        before.partial,
        before.last_event,
    )


def test_admitted_job_is_claimed_and_committed(table: Table) -> None:
    job_id = table.queue()

    with full(table.redis):
        assert table.commit(table.take()) == "ok"

    assert table.job(job_id).status == "succeeded"


def test_lost_lease_is_taken_back(table: Table) -> None:
    job = table.running()

    with full(table.redis):
        table.open_slot("s1")
        assert table.job(job.id).status == "queued"
        assert table.take("s2").id == job.id


@pytest.mark.parametrize("action", ["look_up", "snapshot", "events", "cancel", "delete"])
def test_caller_can_read_and_end_jobs(table: Table, action: str) -> None:
    job_id = table.queue()

    with full(table.redis):
        answer = getattr(table, action)(job_id)

    assert answer == "found" or answer.state == "found"


def test_jobs_past_their_retention_make_room(table: Table) -> None:
    job_id = table.queue()
    table.delete(job_id)

    with full(table.redis):
        table.forget(*table.reap().due)

    assert table.members("expiring") == set()
