import pytest

from genart_core.jobs.record import new_job_id
from tests.support.table import Table
from tests.support.waiting import wait_for


def test_submitted_job_is_queued_as_it_was_sent(table: Table) -> None:
    placed = table.enter(
        "ann", kind="text", batch_key="big", cost=2.5, request='{"seed": 7}'
    ).placed

    assert placed is not None
    job = placed.job
    assert (job.status, job.version, job.attempt, job.fence) == ("queued", 1, 0, 0)
    assert (job.kind, job.client, job.batch_key, job.cost) == ("text", "ann", "big", 2.5)
    assert job.request == {"seed": 7}
    assert job.created_at == placed.now
    assert (job.started_at, job.finished_at, job.expires_at, job.deadline_at) == (0, 0, 0, 0)


def test_same_idempotency_key_replays_the_same_job(table: Table) -> None:
    job_id = table.queue(key="k", fingerprint="f")

    again = table.enter(key="k", fingerprint="f")

    assert again.outcome == "replayed"
    assert again.placed is not None
    assert again.placed.job.id == job_id
    assert table.stored_ids() == [job_id]


def test_replay_shows_the_job_as_it_is_now(table: Table) -> None:
    job = table.running(key="k", fingerprint="f")
    table.commit(job)

    again = table.enter(key="k", fingerprint="f")

    assert again.placed is not None
    assert again.placed.job.status == "succeeded"


def test_same_key_with_another_body_is_a_conflict(table: Table) -> None:
    table.queue(key="k", fingerprint="f")

    assert table.enter(key="k", fingerprint="g")[:2] == ("conflict", None)


def test_idempotency_keys_of_different_clients_are_different_keys(table: Table) -> None:
    table.queue("ann", key="k", fingerprint="f")

    assert table.enter("ben", key="k", fingerprint="f").outcome == "created"


def test_key_of_a_deleted_job_is_free_again(table: Table) -> None:
    table.delete(table.queue(key="k", fingerprint="f"))

    assert table.enter(key="k", fingerprint="g").outcome == "created"


def test_submit_sent_again_after_a_lost_reply_changes_nothing(table: Table) -> None:
    job_id = new_job_id()
    first = table.enter(job_id=job_id)

    second = table.enter(job_id=job_id)

    assert (second.outcome, first.outcome) == ("created", "created")
    assert first.placed is not None
    assert second.placed is not None
    assert second.placed.job == first.placed.job
    assert len(table.events(job_id).events) == 1
    assert int(table.redis.hget("genart:client:ann", "active") or 0) == 1


def test_client_at_its_quota_is_refused(table: Table) -> None:
    strict = table.allowing(active_per_client=2)
    strict.queue("ann")
    strict.queue("ann")

    assert strict.enter("ann")[:2] == ("jobs", None)
    assert strict.enter("ben").outcome == "created"


def test_refused_job_leaves_no_trace(table: Table) -> None:
    strict = table.allowing(active_per_client=0)
    before = set(table.names())

    strict.enter("ann", key="k", fingerprint="f")

    assert set(table.names()) == before


def test_replay_is_answered_at_the_quota(table: Table) -> None:
    strict = table.allowing(active_per_client=1)
    strict.queue(key="k", fingerprint="f")

    assert strict.enter(key="k", fingerprint="f").outcome == "replayed"


@pytest.mark.parametrize("ending", ["commit", "fail", "cancel", "delete", "expire"])
def test_every_ending_frees_the_quota(table: Table, ending: str) -> None:
    strict = table.allowing(active_per_client=1, deadline_ms=1 if ending == "expire" else 0)
    job_id = strict.queue()
    if ending in ("commit", "fail"):
        getattr(strict, ending)(strict.take())
    elif ending == "expire":
        wait_for(lambda: strict.reap() and strict.job(job_id).is_terminal, 30, "it expired")
    else:
        getattr(strict, ending)(job_id)

    assert strict.enter().outcome == "created"


def test_job_given_back_still_counts_against_the_quota(table: Table) -> None:
    strict = table.allowing(active_per_client=1)
    strict.hand_back(strict.running())

    assert strict.enter().outcome == "jobs"


def test_full_line_admits_nobody(table: Table) -> None:
    small = table.allowing(ready=2)
    small.queue("ann")
    small.queue("ben")

    assert small.enter("cat")[:2] == ("full", None)


def test_running_jobs_leave_room_in_the_line(table: Table) -> None:
    small = table.allowing(ready=1)
    small.running("ann")

    assert small.enter("ben").outcome == "created"
