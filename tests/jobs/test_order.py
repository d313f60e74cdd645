"""Start-time fair queueing: what each client may expect of the line."""

import pytest

from genart_core.jobs.record import JobId
from tests.support.table import Table


def served(table: Table, count: int) -> list[str]:
    """Return the clients of the next jobs, in the order in which one worker makes them."""
    clients = []
    for _ in range(count):
        job = table.take(kinds={"text": 1})
        table.commit(job)
        clients.append(job.client)
    return clients


def test_one_clients_jobs_are_made_in_the_order_they_came(table: Table) -> None:
    ids = [table.queue() for _ in range(5)]

    assert [table.take(kinds={"text": 1}).id for _ in range(5)] == ids


def test_newcomer_waits_for_one_job_of_a_heavy_client_not_for_a_hundred(table: Table) -> None:
    for _ in range(100):
        table.queue("heavy")
    served(table, 10)

    table.queue("newcomer")

    assert "newcomer" in served(table, 2)


def test_clients_with_many_jobs_each_are_served_in_turn(table: Table) -> None:
    for client in ("ann", "ben", "cat"):
        for _ in range(4):
            table.queue(client)

    turns = served(table, 12)

    assert all(set(turns[i : i + 3]) == {"ann", "ben", "cat"} for i in range(0, 12, 3))


def test_client_that_was_away_has_saved_up_no_turns(table: Table) -> None:
    table.queue("ben")
    served(table, 1)
    for _ in range(20):
        table.queue("ann")
    served(table, 10)

    for _ in range(5):
        table.queue("ben")

    assert 4 <= served(table, 10).count("ben") <= 5


def test_turns_are_shared_by_weight(table: Table) -> None:
    weights = {"ann": 1.0, "ben": 3.0, "cat": 0.5}
    for client, weight in weights.items():
        for _ in range(40):
            table.allowing(weight=weight).queue(client)

    turns = served(table, 45)

    assert {client: turns.count(client) for client in weights} == {"ann": 10, "ben": 30, "cat": 5}


def test_newcomer_without_weight_waits_for_as_many_jobs_as_the_weight_says(table: Table) -> None:
    for _ in range(200):
        table.allowing(weight=10.0).queue("heavy")
    served(table, 15)

    for _ in range(3):
        table.queue("newcomer")

    turns = served(table, 33)
    assert turns.count("newcomer") == 3
    assert turns.index("newcomer") <= 10


def test_canceled_jobs_of_any_weight_give_their_turns_back(table: Table) -> None:
    weighty = table.allowing(weight=3.0)
    tags = []
    for _ in range(3):
        job_id = weighty.queue("ann")
        tags.append(float(table.redis.hget(f"genart:job:{job_id}", "tag") or -1))
        table.cancel(job_id)

    assert tags == pytest.approx([0, 0, 0])


def test_canceled_jobs_cost_their_client_no_turns(table: Table) -> None:
    for _ in range(20):
        table.queue("heavy")
    for job_id in [table.queue("ann") for _ in range(20)]:
        table.cancel(job_id)

    table.queue("ann")

    assert "ann" in served(table, 2)


def test_queue_position_counts_the_jobs_before_it(table: Table) -> None:
    ids = [table.queue(client) for client in ("ann", "ben", "ann", "cat", "ben")]

    in_line = sorted(ids, key=lambda job_id: table.position(job_id) or 0)

    assert [table.position(job_id) for job_id in in_line] == [0, 1, 2, 3, 4]
    assert [table.take(kinds={"text": 1}).id for _ in ids] == in_line


def test_queue_position_counts_jobs_of_every_kind(table: Table) -> None:
    ids = [table.queue("ann", kind="text"), table.queue("ben", kind="dream")]

    assert {table.position(job_id) for job_id in ids} == {0, 1}


def test_running_and_ended_jobs_have_no_position(table: Table) -> None:
    job = table.running()
    position_at_work = table.position(job.id)
    table.commit(job)

    assert (position_at_work, table.position(job.id)) == (None, None)


def test_kinds_are_served_in_one_common_order(table: Table) -> None:
    kinds = {"text": 1, "dream": 1}
    first: list[JobId] = [
        table.queue("ann", kind="dream"),
        table.queue("ann", kind="text"),
        table.queue("ann", kind="dream"),
    ]

    assert [table.take(kinds=kinds).id for _ in first] == first


def test_job_that_lost_its_worker_goes_back_to_its_own_place(table: Table) -> None:
    job = table.running("ann")
    later = table.queue("ann")

    table.open_slot("s1")

    assert (table.position(job.id), table.position(later)) == (0, 1)
