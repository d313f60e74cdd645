"""What is learned of run times in Redis, and what comes of it for jobs in the line."""

import random
import time
from collections.abc import Iterator

import pytest

from genart_core.jobs import caller, upkeep
from genart_core.jobs.record import Foreseen
from tests.support.table import Table
from tests.support.timed import age, make, placed, told


def announce(table: Table, count: int = 1) -> None:
    for number in range(count):
        table.send(upkeep.announce(f"w{number}", {}))


def test_nothing_is_promised_before_anything_was_measured(table: Table) -> None:
    assert placed(table, table.queue()).foreseen is None


def test_failed_runs_are_not_measured(table: Table) -> None:
    table.fail(table.running())

    assert placed(table, table.queue()).foreseen is None


def test_cold_runs_are_a_measure_only_where_there_is_no_other(table: Table) -> None:
    for seconds in (3, *(9 * [0.05]), 3, *(9 * [0.05])):
        job = table.running()
        age(table, job.id, seconds)
        table.commit(job, share_ms=0.0 if seconds == 3 else 1000 * seconds)

    foreseen = told(table, table.queue())

    assert foreseen.low <= 50 <= foreseen.high < 500


def test_kinds_are_measured_each_by_itself(table: Table) -> None:
    make(table)

    assert placed(table, table.queue(kind="dream")).foreseen is None


def test_nothing_is_promised_behind_a_job_of_unknown_length(table: Table) -> None:
    make(table)
    table.queue(kind="dream")

    assert placed(table, table.queue()).foreseen is None


def test_first_run_gives_a_wide_interval_around_it(table: Table) -> None:
    make(table, seconds=10)
    low, high = told(table, table.queue())

    assert low < 10_000 / 3
    assert high > 10_000 * 3


def test_interval_narrows_with_runs_that_are_alike(table: Table) -> None:
    announce(table)
    widths: list[int] = []
    for _ in range(60):
        job_id = table.queue()
        low, high = told(table, job_id) if widths else Foreseen(0, 10**9)
        widths.append(high - low)
        table.cancel(job_id)
        make(table, seconds=1 + random.Random(len(widths)).uniform(-0.1, 0.1))

    assert widths[-1] < 0.7 * 1000
    assert widths[-1] < widths[10] < widths[1]


def test_time_is_learned_by_cost_with_what_each_run_takes_besides(table: Table) -> None:
    for cost in [10, 100, 1000] * 30:
        make(table, cost=cost, seconds=1 + cost / 100)
    pace = table.send(upkeep.paces(["text"]))["text"]

    assert pace.base_ms == pytest.approx(1000, rel=0.1)
    assert pace.unit_ms == pytest.approx(10, rel=0.1)
    assert pace.most == 1000
    low, high = told(table, table.queue(cost=500))
    assert low <= 6000 <= high < 2 * 6000


def test_first_run_that_brought_the_model_is_no_measure(table: Table) -> None:
    announce(table)
    make(table, cost=20, seconds=4)
    for _ in range(2):
        make(table, cost=20, seconds=0.05)
    low, high = told(table, table.queue(cost=20))

    assert table.send(upkeep.paces(["text"]))["text"].unit_ms == pytest.approx(2.5, rel=0.3)
    assert low <= 50 <= high < 1000


def test_a_quick_run_after_many_is_an_exception(table: Table) -> None:
    for _ in range(12):
        make(table, cost=20, seconds=4)
    make(table, cost=20, seconds=0.05)

    assert table.send(upkeep.paces(["text"]))["text"].unit_ms > 150


def test_a_single_run_off_all_others_changes_little(table: Table) -> None:
    for _ in range(40):
        make(table, seconds=1)
    make(table, seconds=1000)

    assert table.send(upkeep.paces(["text"]))["text"].unit_ms < 1500


def test_the_line_before_a_job_counts_and_is_shared_by_workers(table: Table) -> None:
    for _ in range(40):
        make(table, seconds=1)
    announce(table)
    first = told(table, table.queue())
    for _ in range(20):
        last = table.queue()
    alone = told(table, last)
    announce(table, count=4)
    shared = told(table, last)

    assert first.high < 5_000
    assert alone.low > 3 * first.high
    assert 3 < alone.low / shared.low < 5


def test_far_down_the_line_jobs_are_counted_rather_than_looked_at(table: Table) -> None:
    for _ in range(40):
        make(table, seconds=1)
    announce(table)
    ids = [table.queue() for _ in range(200)]

    assert told(table, ids[199]).low == pytest.approx(4 * told(table, ids[49]).low, rel=0.1)


def test_a_list_foretells_of_each_job_what_it_does_alone(table: Table) -> None:
    for _ in range(40):
        make(table, seconds=1)
    announce(table, count=3)
    ids = [table.queue(cost=1 + number % 5, together=1 + number % 4) for number in range(90)]
    time.sleep(0.002)  # all of them have waited then
    alone = [told(table, job_id) for job_id in ids]

    page = table.send(caller.list_jobs("ann", caller.Filter(), cursor="", limit=90))

    assert [placed.foreseen for placed in page.jobs] == alone[::-1]
    assert len(set(alone)) > 60


def test_jobs_made_together_wait_for_each_other_no_longer(table: Table) -> None:
    for _ in range(40):
        make(table, seconds=1)
    announce(table)
    for _ in range(3):
        table.queue(together=4)

    assert told(table, table.queue(together=4)).high < 5_000
    assert told(table, table.queue(together=4)).low > 3_000


def test_what_runs_already_is_waited_for_less_and_less(table: Table) -> None:
    for _ in range(40):
        make(table, seconds=10)
    announce(table)
    running = table.running()
    waiting = table.queue()
    before = told(table, waiting)
    age(table, running.id, 8)

    assert told(table, waiting).high < before.high - 4_000


@pytest.fixture
def worked(table: Table) -> Iterator[Table]:
    yield table
    assert table.redis.hlen("genart:work") == 0
    assert set(table.redis.hvals("genart:backlog")) == {b"0"}


def test_every_ending_leaves_no_trace_of_what_was_to_do(worked: Table) -> None:
    make(worked, cost=0.1)
    worked.fail(worked.running(cost=0.2))
    worked.cancel(worked.queue(cost=0.3))
    worked.delete(worked.queue(cost=0.7))
    worked.hand_back(worked.running(cost=0.1))
    worked.delete(worked.take().id)
    late = worked.queue(finish_within_ms=1)
    time.sleep(0.01)
    worked.reap()
    assert worked.job(late).status == "expired"


def test_what_is_kept_is_bounded(table: Table) -> None:
    for _ in range(140):
        make(table)

    assert {table.redis.llen(name) for name in table.names("genart:guesses:*")} == {128}
    assert table.redis.hlen("genart:pace:text") < 30


def test_backlog_is_worker_time_of_all_that_waits(table: Table) -> None:
    for _ in range(40):
        make(table, cost=2.0, seconds=1)
    for cost in (1.0, 3.0, 6.0):
        table.queue(cost=cost)
    table.take()

    pace = table.send(upkeep.paces(["text", "dream"]))
    assert pace["text"].backlog_ms == pytest.approx(4500, rel=0.05)
    assert "dream" not in pace


def test_nine_in_ten_end_inside_whatever_their_spread(table: Table) -> None:
    drawn = random.Random(1)
    inside = []
    for number in range(300):
        slow = 3 if number > 150 else 1  # the machine becomes busy
        cost = drawn.choice([1, 5, 20])
        seconds = slow * (0.05 + 0.01 * cost) * drawn.lognormvariate(0, 0.5)
        job_id = table.queue(cost=cost)
        foreseen = placed(table, job_id).foreseen
        job = table.take()
        age(table, job.id, seconds)
        table.commit(job, share_ms=seconds * 1000)
        if number >= 50 and foreseen is not None:
            inside.append(foreseen.low <= seconds * 1000 <= foreseen.high)

    assert sum(inside) / len(inside) >= 0.9
