from genart_core.jobs.owner import Claimed
from tests.support.table import Table
from tests.support.waiting import wait_for


def keys(claimed: Claimed) -> list[str]:
    return [job.batch_key for job in claimed.jobs]


def test_claimed_job_is_running_with_a_fence(table: Table) -> None:
    job_id = table.queue()

    job = table.take("s1", epoch=1)

    assert (job.id, job.status, job.attempt, job.worker) == (job_id, "running", 1, "s1.1")
    assert job.fence > 0
    assert job.started_at >= job.created_at
    assert job == table.job(job_id)


def test_empty_line_yields_nothing(table: Table) -> None:
    assert table.claim() == Claimed("empty", ())


def test_job_is_claimed_once(table: Table) -> None:
    table.queue()
    table.take("s1")

    assert table.claim("s2").outcome == "empty"


def test_compatible_jobs_are_claimed_together(table: Table) -> None:
    ids = [table.queue(client) for client in ("ann", "ben", "cat")]

    claimed = table.claim(limit=16)

    assert {job.id for job in claimed.jobs} == set(ids)
    assert len({job.fence for job in claimed.jobs}) == 3


def test_batch_holds_no_other_model(table: Table) -> None:
    for batch_key in ("a", "b", "a", "b", "a"):
        table.queue(batch_key=batch_key)

    assert keys(table.claim(limit=16)) == ["a", "a", "a"]
    assert keys(table.claim(limit=16)) == ["b", "b"]


def test_batch_holds_no_other_kind(table: Table) -> None:
    table.queue(kind="text")
    table.queue(kind="dream")

    claimed = table.claim(kinds={"text": 16, "dream": 16}, limit=16)

    assert [job.kind for job in claimed.jobs] == ["text"]


def test_batch_is_no_larger_than_its_kind_allows(table: Table) -> None:
    for _ in range(5):
        table.queue()

    assert len(table.claim(kinds={"text": 3}, limit=16).jobs) == 3


def test_batch_is_no_larger_than_was_asked_for(table: Table) -> None:
    for _ in range(5):
        table.queue()

    assert len(table.claim(kinds={"text": 16}, limit=2).jobs) == 2


def test_worker_is_given_only_kinds_that_it_makes(table: Table) -> None:
    table.queue(kind="dream")
    text = table.queue(kind="text")

    assert table.take(kinds={"text": 16}).id == text
    assert table.claim(kinds={"text": 16}).outcome == "empty"


def test_waiting_jobs_of_the_same_model_join_a_running_batch(table: Table) -> None:
    table.running(batch_key="a")
    table.queue(batch_key="a")
    table.queue(batch_key="a")

    assert keys(table.claim(limit=8, join=("text", "a"))) == ["a", "a"]


def test_nobody_joins_while_another_model_is_next(table: Table) -> None:
    table.running(batch_key="a")
    table.queue(batch_key="b")
    table.queue(batch_key="a")

    assert table.claim(limit=8, join=("text", "a")).outcome == "empty"


def test_nobody_joins_while_another_kind_is_next(table: Table) -> None:
    table.running(batch_key="a")
    table.queue(kind="dream")
    table.queue(batch_key="a")

    claimed = table.claim(kinds={"text": 16, "dream": 1}, limit=8, join=("text", "a"))

    assert claimed.outcome == "empty"


def test_busy_model_delays_another_by_one_batch_at_most(table: Table) -> None:
    for _ in range(40):
        table.queue("ann", batch_key="busy")
    in_hand = list(table.claim(kinds={"text": 4}, limit=4).jobs)
    table.queue("ben", batch_key="rare")

    joined = 0
    while (claimed := table.claim(kinds={"text": 4}, limit=4)).jobs[0].batch_key != "rare":
        in_hand += claimed.jobs
        more = table.claim(kinds={"text": 4}, limit=4, join=("text", "busy")).jobs
        joined += len(more)
        in_hand += more

    assert len(in_hand) <= 8


def test_batch_skips_a_job_that_is_late(table: Table) -> None:
    table.queue()
    late = table.allowing(deadline_ms=1).queue()
    table.queue()
    wait_for(lambda: table.now() > table.job(late).deadline_at, 30, "its deadline is past")

    claimed = table.claim(limit=16)

    assert late not in {job.id for job in claimed.jobs}
    assert len(claimed.jobs) == 2


def test_worker_of_an_earlier_life_is_told_so(table: Table) -> None:
    first, second = table.open_slot("s1").epoch, table.open_slot("s1").epoch
    table.queue()

    assert table.claim("s1", epoch=first) == Claimed("stale", ())
    assert table.claim("s1", epoch=second).outcome == "claimed"


def test_epochs_of_a_slot_rise_and_slots_have_their_own(table: Table) -> None:
    assert [table.open_slot("s1").epoch, table.open_slot("s1").epoch] == [1, 2]
    assert table.open_slot("s2").epoch == 1
