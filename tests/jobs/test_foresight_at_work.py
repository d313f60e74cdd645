"""What is told of jobs that are being made, and which of many are learned from."""

import random
import time
from collections.abc import Sequence
from dataclasses import replace

from genart_core.jobs import caller
from genart_core.jobs.record import Foreseen
from genart_core.jobs.store import Call
from tests.support.table import Table
from tests.support.timed import age, make, placed, told


def make_and_look(table: Table, seconds: float, looks: Sequence[float]) -> list[Foreseen]:
    """Run a job of this length; return what was told of its end at so many seconds."""
    job, found, now = table.running(), [], 0.0
    for look in sorted(looks):
        age(table, job.id, look - now)
        now = look
        table.renew(job)
        if foreseen := placed(table, job.id).foreseen:
            found.append(foreseen)
    age(table, job.id, seconds - now)
    table.commit(job, share_ms=seconds * 1000)
    return found


def at_work(table: Table, seconds: float, step: int = 0, total: int = 0) -> Foreseen:
    """Return what is told of a job that has been made for so long, and has come so far."""
    job = table.running()
    age(table, job.id, seconds)
    if total:
        table.report(job, progress=(step, total))
    foreseen = told(table, job.id)
    table.cancel(job.id)
    table.fail(job)
    return foreseen


def test_running_job_is_the_nearer_the_longer_it_runs_and_the_more_is_done(table: Table) -> None:
    for _ in range(40):
        make(table, seconds=10)
    by_time = [at_work(table, seconds) for seconds in (0, 2, 4, 6)]
    by_steps = [at_work(table, 6, step, total=10) for step in (3, 5, 7, 9)]

    for nearer in (by_time, by_steps):
        assert nearer == sorted(nearer, reverse=True)
        assert nearer[-1].high < 0.7 * nearer[0].high


def test_steps_that_take_longer_than_foreseen_keep_the_end_away(table: Table) -> None:
    for _ in range(40):
        make(table, seconds=10)

    assert at_work(table, 30, step=1, total=4).high > 4 * at_work(table, 5, step=1, total=4).low
    assert at_work(table, 30, step=1, total=4).high > 30_000


def test_job_past_its_time_is_said_to_need_more_the_later_it_is(table: Table) -> None:
    for _ in range(40):
        make(table, seconds=10)
    late, later = at_work(table, 20), at_work(table, 60)

    assert 0 < late.high < later.high
    assert later.low < 60_000


def test_what_was_told_of_jobs_being_made_is_learned_from(table: Table) -> None:
    for _ in range(40):
        make(table, seconds=10)
    untaught = at_work(table, 2.5, 5, total=10)
    for _ in range(40):
        job = table.running()
        age(table, job.id, 2.5)
        table.report(job, progress=(5, 10))
        table.renew(job)
        age(table, job.id, 7.5)  # the second half takes three times as long
        table.commit(job, share_ms=10_000)
    taught = at_work(table, 2.5, 5, total=10)

    assert untaught.high < 7_500
    assert taught.low <= 7_500 <= taught.high


def test_jobs_all_along_the_line_are_asked_while_others_are_made(table: Table) -> None:
    make(table)
    job = table.running()
    ids = [table.queue() for _ in range(20)]
    noted = []
    for _ in range(3):
        time.sleep(0.002)
        table.redis.hset("genart:pace:*", "asked", 0)
        table.renew(job)
        told = [table.redis.hget(f"genart:job:{job_id}", "foreseen") for job_id in ids]
        noted.append([place for place, each in enumerate(told) if b" waiting " in (each or b"")])

    assert 6 <= len(noted[0]) <= 8
    assert max(noted[0]) - min(noted[0]) >= 15
    table.renew(job)  # too soon
    assert len(noted[2]) == sum(
        b" waiting " in (table.redis.hget(f"genart:job:{job_id}", "foreseen") or b"")
        for job_id in ids
    )


def test_nine_in_ten_of_those_looked_at_while_they_are_made_end_inside(table: Table) -> None:
    drawn, inside = random.Random(2), []
    for number in range(180):
        seconds = drawn.lognormvariate(1, 0.7)
        looks = sorted(drawn.uniform(0, seconds) for _ in range(3))
        found = make_and_look(table, seconds, looks)
        if number >= 60:
            left = [(seconds - look) * 1000 for look in looks]
            inside += [f.low <= ms <= f.high for f, ms in zip(found, left, strict=True)]

    assert sum(inside) / len(inside) >= 0.9


def test_of_many_jobs_some_are_learned_from_and_of_few_all(table: Table) -> None:
    make(table)
    table.redis.hset("genart:pace:*", mapping={"thin": 2, "heard": table.now() + 60_000})
    for _ in range(256):
        make(table)
    heard = table.redis.llen("genart:guesses:text:run")
    assert 4 <= heard <= 128

    table.redis.hset("genart:pace:*", mapping={"thin": 1, "heard": 0})
    while table.redis.hget("genart:pace:*", "thin") != b"0":
        make(table)
    before = table.redis.llen("genart:guesses:text:run")
    make(table)
    assert table.redis.llen("genart:guesses:text:run") == before + 1


def test_awaited_job_is_not_shown_but_learned_from(table: Table) -> None:
    make(table)
    submitted = table.send(awaited(table))

    assert (submitted.outcome, submitted.placed) == ("created", None)
    job = table.take()
    assert table.redis.hget(f"genart:job:{job.id}", "foreseen")
    table.commit(job)
    assert not table.redis.hget(f"genart:job:{job.id}", "foreseen")
    assert table.redis.llen("genart:guesses:text:idle") == 1


def awaited(table: Table) -> Call[caller.Submitted]:
    """Return a submit of a job whose caller waits for its end."""
    call = table.submission()
    return replace(call, args=(*call.args[:-1], 1))
