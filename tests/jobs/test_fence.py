"""At-least-once execution, exactly-once effect: who may write, and how often a job is tried."""

import pytest

from genart_core.jobs.record import Job
from tests.support.table import Table
from tests.support.waiting import wait_for


def lose_lease(table: Table, job: Job) -> None:
    """Let a job's worker be found dead by its supervisor."""
    table.open_slot(job.worker.partition(".")[0])


def test_commit_makes_the_outputs_the_jobs(table: Table) -> None:
    job = table.running()

    outcome = table.commit(job, path="x")

    done = table.job(job.id)
    assert (outcome, done.status) == ("ok", "succeeded")
    assert [output.path for output in done.outputs] == ["x"]
    assert (done.result, done.provenance, done.error) == ({"made": True}, {"version": "1"}, None)
    assert done.finished_at >= done.started_at


def test_failed_job_says_why(table: Table) -> None:
    job = table.running()

    outcome = table.fail(job)

    failed = table.job(job.id)
    assert (outcome, failed.status, failed.outputs) == ("ok", "failed", ())
    assert failed.error == {"code": "internal", "detail": "broke", "retryable": True}


def test_commit_sent_again_after_a_lost_reply_stands(table: Table) -> None:
    job = table.running()
    table.commit(job, path="x")
    version = table.job(job.id).version

    assert table.commit(job, path="x") == "ok"
    assert table.job(job.id).version == version


@pytest.mark.parametrize("late", ["commit", "fail", "renew", "report", "show", "hand_back"])
def test_worker_that_lost_its_lease_changes_nothing(table: Table, late: str) -> None:
    job = table.running()
    lose_lease(table, job)
    before = table.job(job.id)

    assert getattr(table, late)(job) == "lost"
    assert table.job(job.id) == before


@pytest.mark.parametrize("late", ["commit", "fail", "renew", "report", "show", "hand_back"])
def test_stale_worker_changes_nothing_while_another_runs_the_job(table: Table, late: str) -> None:
    stale = table.running()
    lose_lease(table, stale)
    owner = table.take("s2")
    before = table.job(owner.id)

    assert getattr(table, late)(stale) == "lost"
    assert table.job(owner.id) == before
    assert table.renew(owner) == "ok"


def test_stale_commit_after_the_right_one_is_refused(table: Table) -> None:
    stale = table.running()
    lose_lease(table, stale)
    table.commit(table.take("s2"), path="right")

    assert table.commit(stale, path="stale") == "lost"
    assert [output.path for output in table.job(stale.id).outputs] == ["right"]


def test_fence_of_a_later_claim_is_higher(table: Table) -> None:
    first = table.running()
    lose_lease(table, first)

    assert table.take("s2").fence > first.fence


def test_fence_is_never_given_twice_even_if_redis_lost_its_last_second(table: Table) -> None:
    table.queue()
    before = {name: table.redis.dump(name) for name in table.names()}
    stale = table.take("s1")
    table.redis.flushall()
    for name, value in before.items():
        assert value is not None
        table.redis.restore(name, 0, value)

    owner = table.take("s2")

    assert owner.id == stale.id
    assert owner.fence != stale.fence
    assert table.commit(stale) == "lost"


def test_new_life_of_a_slot_returns_what_its_earlier_lives_held(table: Table) -> None:
    ids = {table.queue() for _ in range(3)}
    table.claim("s1", limit=2)
    table.claim("s2", limit=1)

    opened = table.open_slot("s1")

    waiting = {job_id for job_id in ids if table.job(job_id).status == "queued"}
    assert (opened.released, len(waiting)) == (2, 2)


def test_attempt_counts_claims(table: Table) -> None:
    job_id = table.queue()
    attempts = [table.job(job_id).attempt]
    for slot in ("s1", "s2"):
        job = table.take(slot)
        attempts.append(job.attempt)
        lose_lease(table, job)

    assert attempts == [0, 1, 2]


def test_third_lost_lease_makes_a_dead_letter(table: Table) -> None:
    job_id = table.queue()
    for slot in ("s1", "s2", "s3"):
        lose_lease(table, table.take(slot))

    dead = table.job(job_id)
    assert (dead.status, dead.attempt) == ("failed", 3)
    assert dead.error is not None
    assert (dead.error["code"], dead.error["retryable"]) == ("attempts_exhausted", True)
    assert table.survey().dead == 1
    assert table.claim("s4").outcome == "empty"


def test_handing_back_is_no_strike(table: Table) -> None:
    job_id = table.queue()
    for _ in range(5):
        assert table.hand_back(table.take()) == "ok"

    assert table.job(job_id).status == "queued"
    assert table.take().attempt == 6


def test_job_handed_back_forgets_its_progress(table: Table) -> None:
    job = table.running()
    table.report(job, (0, 0, "some text"), progress=(3, 9))

    table.hand_back(job)

    again = table.snapshot(job.id)
    assert again.placed is not None
    assert (again.placed.job.step, again.placed.job.total, again.placed.job.worker) == (0, 0, "")
    assert again.partial == ()


def test_expired_lease_is_taken_back_by_the_reaper(table: Table) -> None:
    job_id = table.queue()
    Table(table.redis, lease_ms=1).take()

    wait_for(lambda: table.reap().taken_back, 30, "the lease is taken back")

    assert table.job(job_id).status == "queued"


def test_renewed_lease_is_left_alone(table: Table) -> None:
    table.queue()
    job = Table(table.redis, lease_ms=1).take()

    assert table.renew(job) == "ok"
    assert table.reap().taken_back == 0


def test_leases_that_ran_out_while_nobody_swept_can_still_be_renewed(table: Table) -> None:
    job = Table(table.redis, lease_ms=0).running()
    table.redis.set("genart:swept", table.now() - 5001)  # as after an outage of Redis

    assert table.reap().taken_back == 0
    assert table.renew(job) == "ok"


def test_lease_is_taken_back_two_seconds_after_an_outage(table: Table) -> None:
    Table(table.redis, lease_ms=0).running()
    table.redis.set("genart:swept", table.now() - 5001)
    table.reap()

    assert 0 < int(table.redis.pttl("genart:grace")) <= 2000
    table.redis.delete("genart:grace")  # as its time to live does
    assert table.reap().taken_back == 1


def test_one_reaper_leads_at_a_time(table: Table) -> None:
    assert [table.reap("r1").leads, table.reap("r2").leads] == [True, False]
    table.redis.delete("genart:reaper")
    assert [table.reap("r2").leads, table.reap("r1").leads] == [True, False]


def test_silent_reaper_is_replaced_within_three_seconds(table: Table) -> None:
    table.reap("r1")

    assert 0 < int(table.redis.pttl("genart:reaper")) <= 3000
