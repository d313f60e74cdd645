"""What metrics are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genart_core.jobs import upkeep
from genart_core.jobs.caller import Reuse
from genart_core.jobs.figures import (
    UNMEASURED_SECONDS,
    Distribution,
    Loads,
    batch_figures,
    load_figures,
)
from tests.support.table import Table
from tests.support.timed import make

SAME = Reuse("k", may_read=True, version="1")


def counts(distribution: Distribution) -> dict[str, int]:
    return dict(distribution.buckets)


def test_backlog_is_what_those_before_took_of_a_device(table: Table) -> None:
    table.commit(table.running(cost=10.0), share_ms=2000.0)  # 0.2 s for a unit of cost
    table.queue(cost=30.0)
    table.take()
    table.queue(cost=20.0)
    table.queue(cost=5.0)

    backlog = table.figures().backlog

    assert backlog["text", "waiting"] == pytest.approx(5.0)
    assert backlog["text", "running"] == pytest.approx(6.0)


def test_backlog_follows_the_latest_runs(table: Table) -> None:
    for _ in range(20):
        make(table, seconds=1)
    for _ in range(100):
        make(table, seconds=3)
    table.queue(cost=1.0)

    assert table.figures().backlog["text", "waiting"] == pytest.approx(3.0, rel=0.05)


def test_kind_that_was_never_measured_has_a_backlog_all_the_same(table: Table) -> None:
    table.queue(cost=123.0)
    table.queue(cost=0.0)

    backlog = table.figures("text", "dream").backlog

    assert backlog["text", "waiting"] == 2 * UNMEASURED_SECONDS
    assert backlog["text", "running"] == backlog["dream", "waiting"] == 0.0


def test_backlog_is_gone_when_all_have_ended(table: Table) -> None:
    for cost in (0.1, 0.2, 0.7):
        table.queue(cost=cost)
    table.cancel(table.queue(cost=0.3))
    for _ in range(2):
        table.commit(table.take())
    table.fail(table.take())

    assert set(table.figures().backlog.values()) == {0.0}
    assert set(table.redis.hgetall("genart:backlog").values()) == {b"0"}


def test_backlog_is_that_by_which_jobs_are_foreseen(table: Table) -> None:
    for cost in (10.0, 100.0) * 10:
        make(table, cost=cost, seconds=0.5 + cost / 1000)
    for cost in (3.0, 30.0, 300.0):
        table.queue(cost=cost)

    waiting = table.figures().backlog["text", "waiting"]
    foreseen = table.send(upkeep.paces(["text"]))["text"].backlog_ms

    assert waiting == pytest.approx(foreseen / 1000)
    assert waiting > 0


def test_backlog_is_right_after_a_record_was_lost(table: Table) -> None:
    table.redis.delete(f"genart:job:{table.queue(cost=7.0)}")
    assert table.claim().outcome == "empty"

    assert table.redis.hgetall("genart:backlog") == {b"text": b"0"}
    assert table.redis.hlen("genart:work") == 0


def test_all_that_runs_is_counted_however_much_it_is(table: Table) -> None:
    table.commit(table.running(cost=1.0), share_ms=1000.0)
    table.redis.zadd("genart:leases", {f"j{n}": n for n in range(1200)})
    table.redis.hset("genart:work", mapping={f"j{n}": "text 2 1 1 w" for n in range(1200)})

    assert table.figures().backlog["text", "running"] == pytest.approx(2400.0)


def test_waiting_and_running_are_counted_up_to_each_bound(table: Table) -> None:
    job_id = table.queue()
    table.redis.hset(f"genart:job:{job_id}", "created_at", table.now() - 3000)
    job = table.take()
    table.redis.hset(f"genart:job:{job_id}", "started_at", table.now() - 40_000)
    table.commit(job)

    figures = table.figures("text", "dream")

    queue, execution = figures.queue["text"], figures.execution["text"]
    assert (counts(queue)["2.5"], counts(queue)["5"], counts(queue)["+Inf"]) == (0, 1, 1)
    assert (counts(execution)["30"], counts(execution)["60"]) == (0, 1)
    assert 3.0 <= queue.total < 5.0
    assert 40.0 <= execution.total < 60.0
    assert counts(figures.queue["dream"])["+Inf"] == 0


def test_time_in_the_line_is_that_before_the_first_run(table: Table) -> None:
    table.hand_back(table.running())
    table.take()

    assert counts(table.figures().queue["text"])["+Inf"] == 1


def test_runs_that_failed_are_no_execution_time(table: Table) -> None:
    table.fail(table.running())

    assert counts(table.figures().execution["text"])["+Inf"] == 0


def test_attempts_recoveries_and_handbacks_are_told_apart(table: Table) -> None:
    table.hand_back(table.running())
    table.take("s1")
    table.open_slot("s1")
    table.take("s2")
    figures = table.figures()

    assert figures.attempts == {"text": 3}
    assert figures.recoveries == {"text": 1}
    assert figures.handbacks == {"text": 1}


def test_what_could_have_been_there_is_a_miss_until_it_is(table: Table) -> None:
    table.queue()  # without a seed: nothing to look for
    table.queue(reuse=SAME)
    misses_before = table.figures().misses
    table.take()
    table.commit(table.take())
    table.queue(reuse=SAME)

    assert misses_before == table.figures().misses == {"text": 1}
    assert table.survey().outcomes["text", "cached"] == 1


def test_announcement_that_comes_twice_counts_once(table: Table) -> None:
    first, second = load_figures("text/m", 0.5), load_figures("text/m", 1.25)
    both = {name: first[name] + second[name] for name in first}
    table.send(upkeep.announce("w1", {}, first))
    for _ in range(2):
        table.send(upkeep.announce("w1", {}, both))
    table.send(upkeep.announce("w2", {}, first))

    assert table.figures().loads == {"text/m": Loads(3, 2.25)}


@given(st.lists(st.integers(1, 500), max_size=20))
def test_batches_are_counted_up_to_each_bound(sizes: list[int]) -> None:
    totals: dict[str, int] = {}
    for size in sizes:
        for name, count in batch_figures("text", size).items():
            totals[name] = totals.get(name, 0) + count
    bounds = [name.split(" ")[2] for name in totals if not name.endswith(" jobs")]

    assert totals.get("batch text jobs", 0) == sum(sizes)
    assert sum(count for name, count in totals.items() if not name.endswith(" jobs")) == len(sizes)
    for bound in bounds:
        assert any(size <= float(bound.replace("+Inf", "inf")) for size in sizes)


def test_batches_that_a_worker_tells_of_are_a_distribution(table: Table) -> None:
    totals: dict[str, int] = {}
    for size in (1, 3, 4, 200):
        for name, count in batch_figures("text", size).items():
            totals[name] = totals.get(name, 0) + count
    table.send(upkeep.announce("w1", {}, totals))
    found = table.figures().batch["text"]

    assert [counts(found)[bound] for bound in ("1", "2", "4", "128", "+Inf")] == [1, 1, 3, 3, 4]
    assert found.total == 208
