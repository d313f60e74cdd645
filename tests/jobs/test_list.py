from typing import Any

import pytest

from genart_core.jobs import caller
from genart_core.jobs.record import JobId, new_job_id
from tests.support.table import Table


def test_newest_job_is_listed_first(table: Table) -> None:
    ids = [table.queue("ann") for _ in range(3)]

    assert table.list_ids("ann") == sorted(ids, reverse=True)


def test_pages_hold_every_job_once(table: Table) -> None:
    ids = [table.queue("ann") for _ in range(23)]

    assert table.list_ids("ann", limit=5) == sorted(ids, reverse=True)


def test_page_is_not_disturbed_by_newer_jobs(table: Table) -> None:
    old = sorted((table.queue("ann") for _ in range(4)), reverse=True)
    first = table.send(caller.list_jobs("ann", limit=2))
    table.queue("ann")

    second = table.send(caller.list_jobs("ann", limit=2, cursor=first.cursor))

    assert [placed.job.id for placed in first.jobs + second.jobs] == old


def test_clients_see_their_own_jobs(table: Table) -> None:
    mine = table.queue("ann")
    table.queue("ben")

    assert table.list_ids("ann") == [mine]
    assert table.list_ids("cat") == []


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"kind": "dream"}, "dream"),
        ({"statuses": ("running", "failed")}, "text"),
        ({"statuses": ("failed",)}, None),
        ({"tag": "b"}, "dream"),
        ({"tag": "bc"}, None),
        ({"tag": "a b"}, None),
    ],
)
def test_list_is_filtered(table: Table, filters: dict[str, Any], found: str | None) -> None:
    ids = {
        "text": table.running("ann", kind="text").id,
        "dream": table.queue("ann", kind="dream", tags=("a", "b", "c")),
    }

    assert table.list_ids("ann", **filters) == ([ids[found]] if found else [])


def test_list_is_filtered_by_time(table: Table) -> None:
    ids = [table.queue("ann") for _ in range(5)]
    for second, job_id in enumerate(ids):
        table.redis.hset(f"genart:job:{job_id}", "created_at", table.now() // 1000 * 1000 + second)
    start = table.job(ids[0]).created_at

    assert table.list_ids("ann", created_from=start + 3) == [ids[4], ids[3]]
    assert table.list_ids("ann", created_before=start + 2) == [ids[1], ids[0]]
    assert table.list_ids("ann", created_from=start + 1, created_before=start + 2) == [ids[1]]
    assert table.list_ids("ann", created_from=start + 10**7) == []
    assert table.list_ids("ann", created_before=0) == []


def test_times_are_looked_up_by_id_and_not_job_by_job(table: Table) -> None:
    old = [JobId(f"{n:010d}".ljust(26, "0")) for n in range(1, 4)]
    for job_id in old:
        table.queue("ann", job_id=job_id)
    new = table.queue("ann")
    for job_id in old:
        table.redis.delete(f"genart:job:{job_id}")  # a look at it would clear the list of it

    assert table.list_ids("ann", created_from=table.job(new).created_at) == [new]
    assert set(old) <= table.members("jobs:ann")


def test_many_are_canceled_as_one_is(table: Table) -> None:
    running, ended = table.running().id, table.running(batch_key="n")
    table.commit(ended)
    waiting, foreign = table.queue(), table.queue("ben")

    statuses = table.cancel_many(running, ended.id, waiting, foreign, new_job_id())

    assert statuses == ("canceling", "succeeded", "canceled", None, None)
    assert table.job(foreign).status == "queued"
    assert table.cancel_many(running, waiting) == ("canceling", "canceled")


def test_filtered_page_is_full_even_when_few_match(table: Table) -> None:
    for _ in range(150):
        table.queue("ann", kind="text")
    rare = [table.queue("ann", kind="dream")]
    for _ in range(150):
        table.queue("ann", kind="text")

    assert table.list_ids("ann", kind="dream", limit=5) == rare
