"""Cancel, delete and deadlines, in every state."""

import pytest

from genart_core.jobs.record import JobId
from tests.support.table import Table
from tests.support.waiting import wait_for

STATES = ("queued", "running", "canceling", "succeeded", "failed", "canceled", "expired")
ENDED = ("succeeded", "failed", "canceled", "expired")


def job_in(table: Table, state: str) -> JobId:
    """Return a job of client `ann` in a state."""
    if state == "queued":
        return table.queue("ann")
    job = table.running("ann")
    if state == "canceling":
        table.cancel(job.id)
    elif state == "succeeded":
        table.commit(job)
    elif state in ("failed", "expired"):
        table.fail(job, status=state)  # type: ignore[arg-type]  # narrowed by the test above
    elif state == "canceled":
        table.cancel(job.id)
        table.fail(job, status="canceled")
    assert table.job(job.id).status == state
    return job.id


@pytest.mark.parametrize(
    ("state", "after"),
    [("queued", "canceled"), ("running", "canceling"), ("canceling", "canceling")]
    + [(state, state) for state in ENDED],
)
def test_cancel_ends_what_has_not_ended(table: Table, state: str, after: str) -> None:
    job_id = job_in(table, state)

    found = table.cancel(job_id, "ann")

    assert found.placed is not None
    assert found.placed.job.status == after


@pytest.mark.parametrize("state", STATES)
def test_cancel_is_repeatable(table: Table, state: str) -> None:
    job_id = job_in(table, state)
    first = table.cancel(job_id)

    second = table.cancel(job_id)

    assert first.placed is not None
    assert second.placed is not None
    assert second.placed.job == first.placed.job


def test_owner_of_a_canceled_job_is_told_at_its_next_renewal(table: Table) -> None:
    job = table.running()
    table.cancel(job.id)

    assert table.renew(job) == "cancel"


def test_commit_after_a_cancel_ends_as_canceled_without_outputs(table: Table) -> None:
    job = table.running()
    table.cancel(job.id)

    assert table.commit(job) == "canceled"
    ended = table.job(job.id)
    assert (ended.status, ended.outputs, ended.result) == ("canceled", (), None)


def test_canceling_job_whose_worker_dies_is_canceled_not_run_again(table: Table) -> None:
    job_id = job_in(table, "canceling")

    table.open_slot("s1")

    assert table.job(job_id).status == "canceled"
    assert table.claim("s2").outcome == "empty"


def test_canceling_job_handed_back_is_canceled(table: Table) -> None:
    job = table.running()
    table.cancel(job.id)

    assert table.hand_back(job) == "ok"
    assert table.job(job.id).status == "canceled"


def test_canceled_job_is_not_claimed(table: Table) -> None:
    table.cancel(table.queue())

    assert table.claim().outcome == "empty"


@pytest.mark.parametrize("state", STATES)
def test_deleted_job_is_missing_and_leaves_no_key(table: Table, state: str) -> None:
    job_id = job_in(table, state)

    assert table.delete(job_id, "ann") == "found"

    assert table.look_up(job_id).state == "missing"
    assert table.delete(job_id, "ann") == "missing"
    assert not [name for name in table.names() if job_id in name]


@pytest.mark.parametrize("state", ["queued", *ENDED])
def test_files_of_a_deleted_job_are_due_for_removal(table: Table, state: str) -> None:
    job_id = job_in(table, state)
    table.delete(job_id)

    assert wait_for(lambda: table.reap().due, 30, "its files are due") == (job_id,)


@pytest.mark.parametrize("state", ["running", "canceling"])
def test_files_of_a_deleted_job_are_due_when_its_worker_writes_no_more(
    table: Table, state: str
) -> None:
    job_id = job_in(table, state)
    table.delete(job_id)

    due_at = table.redis.zscore("genart:expiring", job_id)
    assert table.reap().due == ()
    assert due_at is not None
    assert 9_000 < due_at - table.now() <= 10_000


def test_worker_of_a_deleted_job_finds_it_lost(table: Table) -> None:
    job = table.running()
    table.delete(job.id)

    assert [table.renew(job), table.report(job), table.commit(job)] == ["lost", "lost", "lost"]
    assert table.look_up(job.id).state == "missing"


def test_deleted_job_is_gone_from_the_list(table: Table) -> None:
    keep, drop = table.queue("ann"), table.queue("ann")
    table.delete(drop)

    assert table.list_ids("ann") == [keep]


@pytest.mark.parametrize("action", ["cancel", "delete", "look_up", "events", "snapshot"])
def test_job_of_another_client_is_missing(table: Table, action: str) -> None:
    job_id = table.queue("ann")

    answer = getattr(table, action)(job_id, client="ben")

    assert answer == "missing" or answer.state == "missing"
    assert table.job(job_id).status == "queued"


def test_waiting_job_past_its_deadline_expires(table: Table) -> None:
    job_id = table.allowing(deadline_ms=1).queue()

    wait_for(lambda: table.reap() and table.job(job_id).is_terminal, 30, "it expired")

    expired = table.job(job_id)
    assert expired.status == "expired"
    assert expired.error is not None
    assert expired.error["code"] == "deadline_missed"


def test_job_past_its_deadline_is_not_claimed(table: Table) -> None:
    job_id = table.allowing(deadline_ms=1).queue()
    wait_for(lambda: table.now() > table.job(job_id).deadline_at, 30, "it is late")

    assert table.claim().outcome == "empty"
    assert table.job(job_id).status == "expired"


def test_running_job_past_its_deadline_is_told_so(table: Table) -> None:
    job = table.allowing(deadline_ms=50).running()

    wait_for(lambda: table.renew(job) == "late", 30, "the owner is told")

    assert table.fail(job, status="expired") == "ok"
    assert table.job(job.id).status == "expired"


def test_job_without_deadline_never_expires(table: Table) -> None:
    job_id = table.queue()

    table.reap()

    assert (table.job(job_id).status, table.job(job_id).deadline_at) == ("queued", 0)


def test_job_given_back_keeps_its_deadline(table: Table) -> None:
    job = table.allowing(deadline_ms=50).running()
    table.hand_back(job)

    wait_for(lambda: table.reap() and table.job(job.id).status == "expired", 30, "it expired")


def test_job_that_nobody_begins_in_time_expires(table: Table) -> None:
    job_id = table.queue(start_within_ms=1, finish_within_ms=60_000)
    assert 0 < table.job(job_id).start_by < table.job(job_id).deadline_at

    wait_for(lambda: table.now() > table.job(job_id).start_by, 30, "it is late")
    assert table.claim().outcome == "empty"
    assert table.job(job_id).status == "expired"


def test_reaper_ends_a_job_that_nobody_begins(table: Table) -> None:
    job_id = table.queue(start_within_ms=1)

    wait_for(lambda: table.reap() and table.job(job_id).status == "expired", 30, "it expired")


def test_job_that_was_begun_in_time_may_wait_again(table: Table) -> None:
    job = table.running(start_within_ms=50)
    table.hand_back(job)

    wait_for(lambda: table.now() > job.start_by, 30, "the time to start is past")
    table.reap()
    assert table.take().id == job.id


def test_own_time_to_live_comes_before_that_of_the_settings(table: Table) -> None:
    job = table.job(table.allowing(deadline_ms=60_000).queue(finish_within_ms=5000))

    assert job.deadline_at == job.created_at + 5000
