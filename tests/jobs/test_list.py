import pytest

from genart_core.jobs import caller
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
    [({"kind": "dream"}, "dream"), ({"status": "running"}, "text"), ({"status": "failed"}, None)],
)
def test_list_is_filtered(table: Table, filters: dict[str, str], found: str | None) -> None:
    ids = {"text": table.running("ann", kind="text").id, "dream": table.queue("ann", kind="dream")}

    assert table.list_ids("ann", **filters) == ([ids[found]] if found else [])


def test_filtered_page_is_full_even_when_few_match(table: Table) -> None:
    for _ in range(150):
        table.queue("ann", kind="text")
    rare = [table.queue("ann", kind="dream")]
    for _ in range(150):
        table.queue("ann", kind="text")

    assert table.list_ids("ann", kind="dream", limit=5) == rare
