"""Results that a later request of the same client is given, and the files that both then have."""

from dataclasses import replace
from typing import Any

import pytest

from genart_core.jobs.caller import Reuse
from genart_core.jobs.record import Job, JobId
from tests.support.replay import replay, state_of
from tests.support.table import HOUR_MS, Table
from tests.support.waiting import wait_for

SAME = Reuse("k", may_read=True, version="1", weights=("text/m", "abc"))
BRIEF = (60, HOUR_MS)


def made(table: Table, client: str = "ann", *, reuse: Reuse = SAME, **facts: Any) -> Job:
    """Return a job that was really made."""
    job = table.running(client, reuse=reuse)
    table.commit(job, **facts)
    return table.job(job.id)


def asked(table: Table, client: str = "ann", *, reuse: Reuse = SAME, **facts: Any) -> Job:
    """Return the job that a request of the same content gives."""
    return table.job(table.queue(client, reuse=reuse, **facts))


def due(table: Table) -> tuple[JobId, ...]:
    return table.reap().due


def test_same_request_has_the_results_at_once(table: Table) -> None:
    first = made(table, path="first")

    second = asked(table, cost=2.0)

    assert second.id != first.id
    assert (second.status, second.cached, second.attempt) == ("succeeded", True, 0)
    assert (second.outputs, second.result, second.provenance) == (
        first.outputs,
        first.result,
        first.provenance,
    )
    assert (first.cached, second.expires_at - second.created_at) == (False, HOUR_MS)
    assert second.created_at == second.finished_at
    assert table.claim().outcome == "empty"


@pytest.mark.parametrize(
    "reuse",
    [
        SAME._replace(key="other"),
        SAME._replace(may_read=False),
        SAME._replace(version="2"),
        Reuse(),
    ],
)
def test_other_request_is_made(table: Table, reuse: Reuse) -> None:
    made(table)

    assert asked(table, reuse=reuse).status == "queued"


@pytest.mark.parametrize(
    ("weights", "is_reused"),
    [
        ({}, True),
        ({"text/m": "abc"}, True),
        ({"text/m": "abd"}, False),
        ({"text/n": "abc"}, False),
        ({"text/m": "abc", "text/n": "abc"}, False),
    ],
)
def test_results_of_other_weights_are_not_given(
    table: Table, weights: dict[str, str], is_reused: bool
) -> None:
    made(table, weights=weights)

    assert asked(table).cached is is_reused


def test_results_are_given_to_their_own_client_alone(table: Table) -> None:
    made(table)

    assert asked(table, "ben").status == "queued"


def test_request_that_keeps_nothing_gives_nothing(table: Table) -> None:
    made(table, reuse=Reuse())

    assert asked(table).status == "queued"


@pytest.mark.parametrize("ending", ["fail", "cancel", "delete"])
def test_job_without_results_gives_none(table: Table, ending: str) -> None:
    job = table.running(reuse=SAME)
    getattr(table, ending)(job if ending == "fail" else job.id)
    if ending == "cancel":
        table.fail(job)

    assert asked(table).status == "queued"


def test_newer_results_take_the_place_of_older_ones(table: Table) -> None:
    made(table, path="old")
    made(table, path="new", reuse=SAME._replace(may_read=False))

    assert asked(table).outputs[0].path == "new"


def test_results_are_not_given_longer_than_they_are_kept(table: Table) -> None:
    made(replace(table, keep=BRIEF))
    wait_for(lambda: not table.names("genart:cache:*"), 30, "the results are forgotten")

    assert asked(table).status == "queued"


def test_deleted_job_gives_its_results_no_more(table: Table) -> None:
    first = made(table)
    asked(table)
    table.delete(first.id)

    assert asked(table).status == "queued"
    assert table.names("genart:cache:*") == []


def test_deleting_a_job_does_not_forget_newer_results(table: Table) -> None:
    first = made(table)
    made(table, path="new", reuse=SAME._replace(may_read=False))
    table.delete(first.id)

    assert asked(table).outputs[0].path == "new"


def test_idempotency_key_gives_the_earlier_job_not_a_new_one(table: Table) -> None:
    made(table)
    first = table.enter(reuse=SAME, key="i", fingerprint="f")
    again = table.enter(reuse=SAME, key="i", fingerprint="f")
    other = table.enter(reuse=SAME, key="i", fingerprint="g")

    assert first.placed is not None and again.placed is not None  # noqa: PT018
    assert (first.outcome, again.outcome, other.outcome) == ("created", "replayed", "conflict")
    assert again.placed.job.id == first.placed.job.id


def test_submit_sent_again_is_entered_once(table: Table) -> None:
    made(table)
    submission = table.submission(reuse=SAME)
    first, again = table.send(submission), table.send(submission)

    assert first.placed is not None and again.placed is not None  # noqa: PT018
    assert first.placed.job == again.placed.job
    assert table.survey().outcomes[("text", "cached")] == 1


def test_results_take_no_place_in_the_line_and_none_of_the_quota(table: Table) -> None:
    made(table)

    job = asked(table.allowing(active_per_client=0, ready=0))

    assert job.cached
    assert table.members("ready") == table.members("ready:text") == set()
    assert table.redis.hget("genart:client:ann", "active") == b"0"
    assert table.survey().outcomes[("text", "succeeded")] == 1, "it was made once"


def test_job_with_results_is_tagged_and_dated_as_any(table: Table) -> None:
    made(table)

    job = asked(
        table, priority="high", tags=("a", "b"), start_within_ms=60_000, finish_within_ms=90_000
    )

    assert (job.cached, job.priority, job.tags) == (True, "high", ("a", "b"))
    times = (job.start_by - job.created_at, job.deadline_at - job.created_at)
    assert times == (60_000, 90_000)
    assert table.names("genart:waiting:*") == []
    assert table.members("deadlines") == set()


def test_results_use_up_submits_as_any_and_no_bytes(table: Table) -> None:
    made(table)
    strict = table.allowing(submits_per_minute=3, bytes_per_client=10)

    answers = [strict.enter("ann", reuse=SAME, size=10) for _ in range(4)]

    assert [answer.outcome for answer in answers] == ["created"] * 3 + ["submits"]
    assert [answer.usage.submits_left for answer in answers] == [2, 1, 0, 0]
    assert {(answer.usage.active, answer.usage.bytes) for answer in answers} == {(0, 0)}
    assert strict.enter("ann", size=10).outcome == "submits", "one rate for all"


def test_idempotency_key_is_heard_before_results_and_limits(table: Table) -> None:
    made(table)
    strict = table.allowing(submits_per_minute=1)
    first = strict.enter(reuse=SAME, key="i", fingerprint="f")
    again = strict.enter(reuse=SAME, key="i", fingerprint="f")

    assert (first.outcome, again.outcome, again.usage.submits_left) == ("created", "replayed", 0)
    assert len(table.list_ids("ann")) == 2


def test_job_with_results_of_another_is_listed_and_followed_as_any(table: Table) -> None:
    first = made(table)
    second = asked(table)

    assert table.list_ids("ann") == [second.id, first.id]
    events = table.events(second.id).events
    assert [event.name for event in events] == ["status", "done"]
    assert replay(events) == state_of(table.snapshot(second.id))


def test_pictures_of_such_a_job_stay_as_long_as_it(table: Table) -> None:
    made(replace(table, keep=BRIEF))
    table.keep_assets(60, a=True)

    job = asked(table, assets=("a",))

    asset = table.find_asset("a")
    assert asset is not None
    assert asset.expires_at == job.expires_at


def test_files_stay_for_the_last_who_has_them(table: Table) -> None:
    first = made(table)
    second, third = asked(table), asked(table)
    for job in (first, second):
        table.delete(job.id)

    assert due(table) == (second.id,), "which has none of its own"
    assert first.id in table.members("expiring")
    table.forget(second.id)
    table.delete(third.id)
    assert set(due(table)) == {first.id, third.id}


def test_files_go_when_the_last_who_has_them_is_past_its_time(table: Table) -> None:
    brief = replace(table, keep=BRIEF)
    first = made(table)
    second = asked(brief)
    table.delete(first.id)

    assert due(table) == ()
    wait_for(lambda: len(due(table)) == 2, 30, "all is due")
    assert set(due(table)) == {first.id, second.id}
    table.forget(*due(table))
    assert table.names("genart:sharers:*") == []


def test_deleting_who_only_shares_leaves_the_files(table: Table) -> None:
    first = made(table)
    second = asked(table)
    table.delete(second.id)

    assert due(table) == (second.id,)
    assert table.job(first.id).outputs
    assert asked(table).cached
