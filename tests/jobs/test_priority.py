"""Priority: the order of one client's own jobs, and nobody else's business."""

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from genart_core.jobs.record import JobId
from tests.support.table import Table

RANKS = {"high": 0, "normal": 1, "low": 2}


def made(table: Table, count: int, **kinds: int) -> list[JobId]:
    """Return the ids of the next jobs, in the order in which one worker takes them."""
    return [table.take(kinds=kinds or {"text": 1}).id for _ in range(count)]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(sorted(RANKS)), min_size=1, max_size=12))
def test_own_jobs_are_made_by_priority_then_by_age(table: Table, priorities: list[str]) -> None:
    table.redis.flushall()
    jobs = [(RANKS[p], n, table.queue(priority=p)) for n, p in enumerate(priorities)]

    assert made(table, len(jobs)) == [job_id for _, _, job_id in sorted(jobs)]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(["ann", "ben"]), st.sampled_from(sorted(RANKS))),
        min_size=1,
        max_size=16,
    )
)
def test_turns_of_clients_are_those_without_any_priority(
    table: Table, submits: list[tuple[str, str]]
) -> None:
    orders = []
    for is_plain in (True, False):
        table.redis.flushall()
        for client, priority in submits:
            table.queue(client, priority="normal" if is_plain else priority)
        turns = [(table.turn(job_id), table.job(job_id).client) for job_id in table.line()]
        orders.append(sorted(turns))

    assert orders[0] == orders[1]


def test_priority_reaches_over_kinds(table: Table) -> None:
    dream = table.queue(kind="dream")
    text = table.queue(kind="text", priority="high")

    assert table.line() == [text, dream]
    assert made(table, 2, text=1, dream=1) == [text, dream]


def test_overtaken_job_that_lost_its_worker_goes_back_to_the_turn_it_had(table: Table) -> None:
    first = table.queue()
    urgent = table.queue(priority="high")
    last = table.queue(priority="low")
    assert made(table, 2) == [urgent, first]

    table.open_slot("s1")

    assert table.line() == [urgent, first, last]


@pytest.mark.parametrize("ending", ["cancel", "delete"])
def test_job_that_left_the_line_is_not_overtaken(table: Table, ending: str) -> None:
    gone, stays = table.queue(), table.queue()
    getattr(table, ending)(gone)

    urgent = table.queue(priority="high")

    assert table.line() == [urgent, stays]


def test_how_many_are_overtaken_is_bounded(table: Table) -> None:
    ids = [table.queue(priority="low") for _ in range(530)]

    urgent = table.queue(priority="high")

    assert table.line().index(urgent) == 530 - 512
    assert [job_id for job_id in table.line() if job_id != urgent] == ids
