"""Messages about jobs' ends, as they stand in Redis."""

from typing import Any

import pytest

from genart_core.jobs import hooks
from genart_core.jobs.hooks import Attempt, DueHook, Hook
from genart_core.jobs.record import Job, JobId
from tests.support.table import Table
from tests.support.waiting import wait_for

URL = "https://a.test/hook"
LEASE_MS = 30_000


def ended(table: Table, client: str = "ann", *, url: str = URL, **facts: Any) -> Job:
    """Return a job that has ended and wanted somebody to be told."""
    job = table.running(client, webhook=url, **facts)
    table.commit(job)
    return job


def claim(table: Table, *under_way: str, limit: int = 9, most: int = 9) -> tuple[DueHook, ...]:
    return table.send(hooks.claim_hooks(limit, LEASE_MS, most, under_way))


def note(table: Table, due: DueHook, status: hooks.HookStatus, **facts: Any) -> str:
    return table.send(hooks.note_hook(due, status, Attempt(1, 500, "broke", 2), **facts))


def hook_of(table: Table, job_id: JobId, client: str = "ann") -> Hook | None:
    return table.send(hooks.get_hook(job_id, client)).hook


@pytest.mark.parametrize("ending", ["succeeded", "failed", "canceled", "expired"])
def test_the_step_that_ends_a_job_enters_its_message(table: Table, ending: str) -> None:
    job = table.running(webhook=URL)
    assert table.members("hooks") == set()
    if ending == "succeeded":
        table.commit(job)
    else:
        table.fail(job, status=ending)  # type: ignore[arg-type]  # narrowed by the test above

    (due,) = claim(table)

    assert (due.job_id, due.url, due.client, due.attempts) == (job.id, URL, "ann", 0)
    assert due.placed is not None
    assert due.placed.job == table.job(job.id)
    hook = hook_of(table, job.id)
    assert hook is not None
    assert (hook.event, hook.status) == (ending, "pending")


def test_job_that_waits_and_is_canceled_or_late_has_its_message_too(table: Table) -> None:
    canceled = table.queue(webhook=URL)
    late = table.queue(webhook=URL, start_within_ms=1)
    table.cancel(canceled)
    wait_for(lambda: table.reap() and table.job(late).status == "expired", 30, "it expired")

    assert table.members("hooks") == {canceled, late}


def test_only_endings_that_were_asked_for_are_told(table: Table) -> None:
    told = ended(table, webhook_events=("failed", "succeeded"))
    ended(table, webhook_events=("failed", "expired"))
    table.commit(table.running())

    assert table.members("hooks") == {told.id}


def test_who_is_told_is_told_by_one_until_it_is_overdue(table: Table) -> None:
    job = ended(table)
    (first,) = claim(table)
    assert claim(table) == ()
    table.redis.zadd("genart:hooks", {job.id: 0})  # the lease runs out

    (second,) = claim(table)

    assert note(table, first, "delivered") == "lost"
    assert note(table, second, "delivered") == "ok"


def test_an_attempt_noted_twice_counts_once(table: Table) -> None:
    job = ended(table)
    (due,) = claim(table)

    assert note(table, due, "delivered") == "ok"
    assert note(table, due, "delivered") == "lost"

    hook = hook_of(table, job.id)
    assert hook is not None
    assert (hook.status, hook.due_at) == ("delivered", 0)
    assert hook.attempts == (Attempt(1, 500, "broke", 2),)


def test_next_attempt_has_the_same_body_though_the_job_be_gone(table: Table) -> None:
    job = ended(table)
    (due,) = claim(table)
    note(table, due, "pending", after_ms=0, body=b'{"type": "job.succeeded"}')
    table.redis.delete(f"genart:job:{job.id}")

    (again,) = claim(table)

    assert (again.body, again.attempts, again.placed) == (b'{"type": "job.succeeded"}', 1, None)
    assert note(table, again, "failed") == "ok"
    assert table.names("genart:hook*") == []


def test_message_that_was_never_tried_goes_with_its_job(table: Table) -> None:
    job = ended(table)
    table.redis.delete(f"genart:job:{job.id}")

    assert claim(table) == ()
    assert table.names("genart:hook*") == []


def test_log_lives_as_long_as_its_job(table: Table) -> None:
    job = ended(table)
    note(table, claim(table)[0], "delivered")

    expires = table.redis.pexpiretime(f"genart:job:{job.id}")
    assert expires > 0
    for name in ("hook", "hooklog"):
        assert table.redis.pexpiretime(f"genart:{name}:{job.id}") == expires


def test_log_is_bounded(table: Table) -> None:
    job = ended(table)
    for _ in range(25):
        note(table, claim(table)[0], "pending", after_ms=0, body=b"{}")

    hook = hook_of(table, job.id)
    assert hook is not None
    assert len(hook.attempts) == 20


def test_deleted_job_leaves_no_message(table: Table) -> None:
    job, waiting = ended(table), table.queue(webhook=URL)
    (due,) = claim(table)

    table.delete(job.id, "ann")
    table.delete(waiting, "ann")

    assert note(table, due, "pending", after_ms=0, body=b"{}") == "lost"
    assert table.names("genart:hook*") == []


def test_slow_receiver_of_one_client_keeps_nobody_waiting(table: Table) -> None:
    for _ in range(5):
        ended(table, "ann")
    ended(table, "ben")

    assert [due.client for due in claim(table, "ann", most=3)] == ["ann", "ann", "ben"]
    assert claim(table, "ann", "ann", "ann", most=3) == ()


def test_many_messages_of_a_busy_client_make_room_for_the_others(table: Table) -> None:
    for _ in range(201):  # more than are looked at
        table.cancel(table.queue("ann", webhook=URL))
    ended(table, "ben")
    assert claim(table, "ann", most=1) == ()

    assert [due.client for due in claim(table, "ann", most=1)] == ["ben"]


def test_no_more_are_taken_than_there_is_room_for(table: Table) -> None:
    jobs = [ended(table).id for _ in range(3)]

    assert claim(table, limit=0) == ()
    assert [due.job_id for due in claim(table, limit=2)] == jobs[:2]


def test_once_more_means_all_attempts_again(table: Table) -> None:
    job = ended(table)
    note(table, claim(table)[0], "failed")

    found = table.send(hooks.redeliver_hook(job.id, "ann"))

    assert found.hook is not None
    assert found.hook.status == "pending"
    assert table.redis.pttl(f"genart:hook:{job.id}") == -1
    (due,) = claim(table)
    assert (due.attempts, due.placed is not None) == (0, True)
    assert table.send(hooks.redeliver_hook(job.id, "ben")).state == "missing"


def outcome(table: Table, client: str = "ann", url: str = URL) -> str:
    return table.enter(client, webhook=url).outcome


def test_who_has_too_many_messages_undelivered_gets_no_further_one(table: Table) -> None:
    table = table.allowing(webhooks_per_client=2)
    for _ in range(2):
        ended(table)

    assert outcome(table) == "hooks"
    assert outcome(table, url="") == "created", "without a webhook it may"
    assert outcome(table, "ben") == "created", "and so may others"

    (due, _) = claim(table)
    note(table, due, "pending", after_ms=1000)
    assert outcome(table) == "hooks", "one that is tried again is undelivered"


@pytest.mark.parametrize("way", ["delivered", "failed", "deleted"])
def test_message_that_waits_no_more_makes_room(table: Table, way: str) -> None:
    table = table.allowing(webhooks_per_client=1, webhooks=1)
    job = ended(table)
    assert outcome(table, "ben") == "hooks full"

    if way == "deleted":
        table.delete(job.id)
    else:
        note(table, claim(table)[0], way)  # type: ignore[arg-type]  # one of both

    assert table.redis.hgetall("genart:hooked") == {}
    assert outcome(table) == "created"


def test_message_that_is_delivered_once_more_is_counted_once(table: Table) -> None:
    job = ended(table)
    note(table, claim(table)[0], "delivered")
    for _ in range(2):
        table.send(hooks.redeliver_hook(job.id, "ann"))

    assert table.redis.hgetall("genart:hooked") == {b"ann": b"1"}
