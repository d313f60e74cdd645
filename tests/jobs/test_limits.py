"""What a client may use: bytes in the queue, and submits in a minute."""

import pytest

from tests.support.table import Table
from tests.support.waiting import wait_for


def test_bytes_of_unfinished_jobs_are_bounded(table: Table) -> None:
    strict = table.allowing(bytes_per_client=100)
    strict.queue("ann", size=60)

    refused = strict.enter("ann", size=41)

    assert (refused.outcome, refused.usage.bytes, refused.usage.active) == ("bytes", 60, 1)
    assert strict.enter("ann", size=40).usage.bytes == 100
    assert strict.enter("ben", size=100).outcome == "created"


@pytest.mark.parametrize("ending", ["commit", "fail", "cancel", "delete"])
def test_every_ending_frees_the_bytes(table: Table, ending: str) -> None:
    strict = table.allowing(bytes_per_client=100)
    job_id = strict.queue(size=100)
    if ending in ("commit", "fail"):
        getattr(strict, ending)(strict.take())
    else:
        getattr(strict, ending)(job_id)

    assert strict.enter(size=100).outcome == "created"


def test_a_minutes_submits_may_come_at_once_and_no_more(table: Table) -> None:
    strict = table.allowing(submits_per_minute=5)

    answers = [strict.enter("ann") for _ in range(7)]

    assert [a.outcome for a in answers] == ["created"] * 5 + ["submits"] * 2
    assert [a.usage.submits_left for a in answers] == [4, 3, 2, 1, 0, 0, 0]
    assert strict.enter("ben").outcome == "created"


@pytest.mark.parametrize("rate", [7, 60, 601, 100_000])
def test_what_is_left_is_counted_right_at_any_rate(table: Table, rate: int) -> None:
    strict = table.allowing(submits_per_minute=rate)

    left = [strict.enter().usage.submits_left for _ in range(3)]

    assert left[0] in (rate - 1, rate)  # at a high rate one more has come up already
    assert left[2] <= left[0]


def test_one_more_may_be_submitted_after_the_wait_and_none_before(table: Table) -> None:
    strict = table.allowing(submits_per_minute=300)  # one in 200 ms
    paid = table.now() + 60_000
    table.redis.hset("genart:client:ann", "paid_until", paid)

    refused = strict.enter("ann")
    assert (refused.outcome, refused.usage.submits_left) == ("submits", 0)
    assert 0 < refused.usage.wait_ms <= 200

    wait_for(lambda: table.now() >= paid - 60_000 + 200, 30, "the wait is over")
    accepted = strict.enter("ann")
    assert accepted.outcome == "created"
    assert strict.enter("ann").outcome == "submits" or table.now() >= paid - 60_000 + 400


def test_replays_and_refusals_use_nothing_up(table: Table) -> None:
    strict = table.allowing(submits_per_minute=3, active_per_client=1)
    strict.queue(key="k", fingerprint="f")

    assert strict.enter(key="k", fingerprint="f").usage.submits_left == 2
    assert strict.enter(key="k", fingerprint="g").usage.submits_left == 2
    assert strict.enter().usage.submits_left == 2


def test_without_a_bound_nothing_is_counted(table: Table) -> None:
    usage = table.enter().usage

    assert (usage.submits_left, usage.wait_ms) == (-1, 0)
