"""When those who find the line full are asked to come back."""

import pytest

from genart_core.jobs import caller, upkeep
from genart_core.jobs.caller import Submission, Submitted
from genart_core.jobs.record import new_job_id
from tests.support.table import Table


def submitted(table: Table, *, ending_ms: float) -> Submitted:
    job = Submission(new_job_id(), "text", "ann", "{}", batch_key="", cost=1.0)
    return table.send(caller.submit(job, table.limits, table.keep, ending_ms=ending_ms))


def turned_away(table: Table, *, ending_ms: float) -> int:
    refused = submitted(table, ending_ms=ending_ms)
    assert refused.outcome == "full"
    return refused.usage.wait_ms


def test_each_that_is_turned_away_is_told_a_turn_of_its_own(table: Table) -> None:
    table = table.allowing(ready=1)
    table.queue("ann")

    told = [turned_away(table, ending_ms=2000) for _ in range(4)]

    assert told == pytest.approx([2000, 4000, 6000, 8000], abs=500)


def test_nobody_is_told_to_wait_longer_than_a_minute(table: Table) -> None:
    table = table.allowing(ready=1)
    table.queue("ann")

    assert [turned_away(table, ending_ms=50_000) for _ in range(3)][1:] == [60_000, 60_000]


def test_turns_begin_anew_once_the_line_was_half_empty(table: Table) -> None:
    table = table.allowing(ready=2)
    for _ in range(2):
        table.queue("ann")
    assert [turned_away(table, ending_ms=9000) for _ in range(3)][-1] > 20_000

    for _ in range(2):
        table.take()
    assert submitted(table, ending_ms=9000).outcome == "created"
    assert submitted(table, ending_ms=9000).outcome == "created"
    assert turned_away(table, ending_ms=9000) == pytest.approx(9000, abs=500)


def test_turns_follow_the_kinds_own_pace_where_nothing_was_seen_under_load(table: Table) -> None:
    table = table.allowing(ready=1)
    for worker in ("w1", "w2"):
        table.send(upkeep.announce(worker, {}))
    for _ in range(3):
        table.commit(table.running(), share_ms=4000)
    table.queue("ann")

    told = [turned_away(table, ending_ms=0) for _ in range(3)]

    assert told == pytest.approx([2000, 4000, 6000], abs=500)


def test_there_is_no_turn_where_nothing_has_ended_yet(table: Table) -> None:
    table = table.allowing(ready=1)
    table.queue("ann")

    assert [turned_away(table, ending_ms=0) for _ in range(2)] == [0, 0]
