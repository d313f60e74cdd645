"""How long the pictures that jobs name are kept."""

from dataclasses import replace
from typing import cast

import pytest
from redis.exceptions import OutOfMemoryError

from tests.support.table import HOUR_MS, Table
from tests.support.valkey import full
from tests.support.waiting import wait_for


def due(table: Table) -> set[str]:
    return set(table.reap().due_assets)


def overdue(table: Table, *assets: str) -> None:
    """Let the time of these be over."""
    for asset in assets:
        table.redis.zadd("genart:assets", {asset: 0})


def held(table: Table) -> dict[bytes, bytes]:
    return cast("dict[bytes, bytes]", table.redis.hgetall("genart:held"))


def test_asset_whose_bytes_nobody_has_is_unknown(table: Table) -> None:
    assert table.keep_assets(1000, a=False, b=True) == ("unknown", "kept")
    assert table.keep_assets(1000, a=False, b=False) == ("unknown", "kept")


def test_asset_is_due_when_its_time_is_over(table: Table) -> None:
    table.keep_assets(20, brief=True)
    table.keep_assets(HOUR_MS, long=True)

    assert wait_for(lambda: due(table), 2, "an asset is due") == {"brief"}


def test_use_makes_it_stay_longer_but_never_shorter(table: Table) -> None:
    table.keep_assets(20, a=True, b=True)
    table.keep_assets(HOUR_MS, a=True)
    table.keep_assets(1, a=True)

    assert wait_for(lambda: due(table), 2, "an asset is due") == {"b"}


@pytest.mark.parametrize("state", ["queued", "running", "recovered"])
def test_asset_stays_while_a_job_that_may_still_run_names_it(table: Table, state: str) -> None:
    table.keep_assets(HOUR_MS, a=True)
    table.queue(assets=("a",))
    if state != "queued":
        table.take()
    if state == "recovered":
        table.open_slot("s1")

    overdue(table, "a")

    assert due(table) == set()
    assert table.keep_assets(1, a=False) == ("kept",)


@pytest.mark.parametrize("ending", ["commit", "fail", "cancel", "delete"])
def test_asset_stays_as_long_as_the_record_of_a_job_that_has_ended(
    table: Table, ending: str
) -> None:
    table = replace(table, keep=(50, HOUR_MS))
    table.keep_assets(0, a=True)
    job_id = table.queue(assets=("a",))
    if ending in ("commit", "fail"):
        getattr(table, ending)(table.take())
    else:
        getattr(table, ending)(job_id)

    assert held(table) == {}
    assert due(table) == set()
    assert wait_for(lambda: due(table), 2, "the asset is due") == {"a"}


def test_asset_of_several_jobs_stays_for_the_last(table: Table) -> None:
    table.keep_assets(0, a=True)
    first = table.running(assets=("a", "b"))
    table.queue(assets=("a",))
    table.commit(first)

    overdue(table, "a", "b")

    assert due(table) == {"b"}
    assert held(table) == {b"a": b"1"}


def test_job_that_was_not_admitted_holds_nothing(table: Table) -> None:
    table.allowing(ready=0).enter(assets=("a",))

    assert held(table) == {}


def test_submit_sent_again_holds_once(table: Table) -> None:
    submission = table.submission(assets=("a",))
    for _ in range(2):
        table.send(submission)

    assert held(table) == {b"a": b"1"}


def test_asset_can_not_be_named_while_its_file_is_being_removed(table: Table) -> None:
    table.keep_assets(0, a=True)
    overdue(table, "a")
    assert due(table) == {"a"}

    assert table.keep_assets(HOUR_MS, a=True) == ("leaving",)

    table.drop_assets("a")
    assert table.keep_assets(HOUR_MS, a=False) == ("unknown",)
    assert table.keep_assets(HOUR_MS, a=True) == ("kept",)


def test_full_redis_keeps_no_new_assets_but_sweeps_old_ones(table: Table) -> None:
    table.keep_assets(0, a=True)
    overdue(table, "a")

    with full(table.redis):
        with pytest.raises(OutOfMemoryError):
            table.keep_assets(HOUR_MS, b=True)
        table.drop_assets(*due(table))

    assert table.members("assets") == set()
