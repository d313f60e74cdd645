"""How long the pictures that jobs name are kept."""

from dataclasses import replace
from functools import partial
from typing import cast

import pytest
from redis.exceptions import OutOfMemoryError

from tests.support.table import HOUR_MS, Table
from tests.support.valkey import full
from tests.support.waiting import wait_for


def due(table: Table) -> set[str]:
    return set(table.reap().due_assets)


def overdue(table: Table, *assets: str) -> None:
    """Let the time of these be over, as far as no job is concerned."""
    for asset in assets:
        table.redis.zadd("genart:assets", {asset: 0})
        if table.redis.exists(f"genart:asset:ann:{asset}"):
            table.redis.hset(f"genart:asset:ann:{asset}", "expires_at", 0)


def later_than(table: Table, moment: int) -> bool:
    return table.now() > moment


def held(table: Table) -> dict[bytes, bytes]:
    return cast("dict[bytes, bytes]", table.redis.hgetall("genart:held"))


def test_asset_whose_bytes_nobody_has_is_unknown(table: Table) -> None:
    assert table.keep_assets(1000, a=False, b=True) == ("unknown", "new")
    assert table.keep_assets(1000, a=False, b=False) == ("unknown", "known")


def test_asset_is_due_when_its_time_is_over(table: Table) -> None:
    table.keep_assets(20, brief=True)
    table.keep_assets(HOUR_MS, long=True)

    assert wait_for(lambda: due(table), 30, "an asset is due") == {"brief"}


def test_use_makes_it_stay_longer_but_never_shorter(table: Table) -> None:
    table.keep_assets(20, a=True, b=True)
    table.keep_assets(HOUR_MS, a=True)
    table.keep_assets(1, a=True)

    assert wait_for(lambda: due(table), 30, "an asset is due") == {"b"}


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
    assert table.keep_assets(1, a=False) == ("known",)


@pytest.mark.parametrize("ending", ["commit", "fail", "cancel", "delete"])
def test_asset_stays_as_long_as_the_record_of_a_job_that_has_ended(
    table: Table, ending: str
) -> None:
    table = replace(table, keep=(50, HOUR_MS))
    table.keep_assets(HOUR_MS, a=True)
    job_id = table.queue(assets=("a",))
    overdue(table, "a")
    if ending in ("commit", "fail"):
        getattr(table, ending)(table.take())
    else:
        getattr(table, ending)(job_id)

    assert held(table) == {}
    assert due(table) == set()
    assert table.find_asset("a") is not None
    assert wait_for(lambda: due(table), 30, "the asset is due") == {"a"}


def test_asset_of_several_jobs_stays_for_the_last(table: Table) -> None:
    table.keep_assets(HOUR_MS, a=True, b=True)
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
    table.keep_assets(HOUR_MS, a=True)
    overdue(table, "a")
    assert due(table) == {"a"}

    assert table.keep_assets(HOUR_MS, a=True) == ("leaving",)

    table.drop_assets("a")
    assert table.keep_assets(HOUR_MS, a=False) == ("unknown",)
    assert table.keep_assets(HOUR_MS, a=True) == ("new",)


def test_full_redis_keeps_no_new_assets_but_sweeps_old_ones(table: Table) -> None:
    table.keep_assets(0, a=True)
    overdue(table, "a")

    with full(table.redis):
        with pytest.raises(OutOfMemoryError):
            table.keep_assets(HOUR_MS, b=True)
        table.drop_assets(*due(table))

    assert table.members("assets") == set()


def test_picture_of_one_client_is_unknown_to_another(table: Table) -> None:
    table.keep_assets(HOUR_MS, a=True)

    assert table.keep_assets(HOUR_MS, "ben", a=False) == ("unknown",)
    assert table.find_asset("a", "ben") is None
    assert table.delete_asset("a", "ben") == "missing"
    assert table.list_assets("ben") == []
    assert table.find_asset("a") is not None


def test_picture_that_another_client_has_is_new_to_who_sends_it(table: Table) -> None:
    table.keep_assets(HOUR_MS, a=True)

    assert table.keep_assets(HOUR_MS, "ben", a=True) == ("new",)
    assert table.keep_assets(HOUR_MS, "ben", a=True) == ("known",)


def test_file_stays_for_the_last_who_has_it(table: Table) -> None:
    table.keep_assets(HOUR_MS, a=True)
    table.keep_assets(HOUR_MS, "ben", a=True)

    assert table.delete_asset("a") == "found"
    assert due(table) == set()
    assert table.keep_assets(1, "ben", a=False) == ("known",)
    assert table.delete_asset("a", "ben") == "found"
    assert due(table) == {"a"}


def test_file_goes_when_the_time_of_the_others_is_over(table: Table) -> None:
    table.keep_assets(HOUR_MS, a=True)
    table.keep_assets(100, "ben", a=True)
    table.delete_asset("a")

    assert due(table) == set()
    assert wait_for(lambda: due(table), 30, "the asset is due") == {"a"}


def test_removed_picture_is_gone_at_once_and_its_file_when_its_job_has_ended(table: Table) -> None:
    table.keep_assets(HOUR_MS, a=True)
    job = table.running(assets=("a",))

    assert table.delete_asset("a") == "found"
    assert (table.find_asset("a"), table.list_assets()) == (None, [])
    assert table.delete_asset("a") == "missing"
    assert due(table) == set()

    table.commit(job)
    assert table.find_asset("a") is None
    overdue(table, "a")  # the sweeper looks again within a minute
    assert due(table) == {"a"}


def test_picture_sent_again_while_its_job_runs_is_held_and_ends_with_the_job(table: Table) -> None:
    table = replace(table, keep=(50, HOUR_MS))
    table.keep_assets(HOUR_MS, a=True)
    job = table.running(assets=("a",))
    table.delete_asset("a")

    table.keep_assets(1, a=True)
    assert due(table) == set()
    asset = table.find_asset("a")
    assert asset is not None
    assert asset.expires_at == 0

    table.commit(job)
    wait_for(lambda: table.find_asset("a") is None, 30, "its time is over")


def test_picture_has_no_end_while_a_job_that_may_still_run_names_it(table: Table) -> None:
    table.keep_assets(HOUR_MS, a=True)
    before = table.find_asset("a")
    job = table.running(assets=("a",))
    during = table.find_asset("a")
    table.commit(job)
    after = table.find_asset("a")

    assert before is not None and during is not None and after is not None  # noqa: PT018
    assert (before.expires_at > table.now(), during.expires_at) == (True, 0)
    assert after.expires_at == table.job(job.id).expires_at


def test_job_of_one_client_holds_the_picture_for_this_client_alone(table: Table) -> None:
    table.keep_assets(HOUR_MS, a=True)
    table.keep_assets(HOUR_MS, "ben", a=True)
    table.queue(assets=("a",))

    mine, theirs = table.find_asset("a"), table.find_asset("a", "ben")

    assert mine is not None and theirs is not None  # noqa: PT018
    assert (mine.expires_at, theirs.expires_at > 0) == (0, True)


def test_pictures_are_listed_newest_first_in_pages_of_any_size(table: Table) -> None:
    for name in ("c", "a", "b"):
        table.keep_assets(HOUR_MS, **{name: True})
        now = table.now()
        wait_for(partial(later_than, table, now), 30, "another millisecond")
    table.keep_assets(HOUR_MS, **{f"x{number}": True for number in range(5)})  # at once

    whole = table.list_assets()

    assert whole == ["x4", "x3", "x2", "x1", "x0", "b", "a", "c"]
    for limit in (1, 2, 3, 8):
        assert table.list_assets(limit=limit) == whole


def test_list_goes_over_what_has_gone(table: Table) -> None:
    table.keep_assets(HOUR_MS, **{f"{number:03}": True for number in range(250)})
    gone = [f"{number:03}" for number in range(250) if number % 3]
    table.redis.delete(*(f"genart:asset:ann:{name}" for name in gone))

    for limit in (7, 50):
        assert len(table.list_assets(limit=limit)) == 84
    assert table.redis.zcard("genart:library:ann") == 84


def test_nothing_stays_of_a_picture_whose_file_is_gone(table: Table) -> None:
    table.keep_assets(HOUR_MS, a=True)
    table.keep_assets(HOUR_MS, "ben", a=True)
    overdue(table, "a")
    table.drop_assets(*due(table))

    assert [name for name in table.names() if not name.endswith((":swept", ":reaper"))] == []


def test_no_more_bytes_are_kept_for_a_client_than_it_may_have(table: Table) -> None:
    assert table.keep_within(2500, HOUR_MS, "a", "b") == ("ok", 2000)

    assert table.keep_within(2500, HOUR_MS, "c") == ("bytes", 2000)
    assert table.keep_within(2500, HOUR_MS, "a", "c") == ("bytes", 2000), "all or none"
    assert table.find_asset("c") is None
    assert table.keep_within(2500, HOUR_MS, "a", "b") == ("ok", 2000), "what it has costs nothing"
    assert table.keep_within(0, HOUR_MS, "c") == ("ok", 3000), "no bound"


@pytest.mark.parametrize("way", ["deleted", "swept", "expired"])
def test_picture_that_has_gone_makes_room_for_another(table: Table, way: str) -> None:
    table.keep_within(1000, 30 if way == "expired" else HOUR_MS, "a")
    assert table.keep_within(1000, HOUR_MS, "b")[0] == "bytes"

    if way == "deleted":
        table.delete_asset("a")
    elif way == "swept":
        overdue(table, "a")
        table.drop_assets(*due(table))
    else:
        wait_for(lambda: table.find_asset("a") is None, 30, "it has expired")

    assert table.keep_within(1000, HOUR_MS, "b") == ("ok", 1000)
    assert table.keep_within(1000, HOUR_MS, "c") == ("bytes", 1000), "but no more than one"


def test_picture_that_a_job_holds_beyond_its_time_still_counts(table: Table) -> None:
    table.keep_within(0, 20, "a")
    job_id = table.queue(assets=("a",))
    wait_for(partial(later_than, table, table.now() + 30), 30, "its time is over")

    assert table.keep_within(1000, HOUR_MS, "b") == ("bytes", 1000)

    table.cancel(job_id)
    table.delete_asset("a")
    assert table.keep_within(1000, HOUR_MS, "b") == ("ok", 1000)
