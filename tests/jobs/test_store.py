import asyncio
from dataclasses import astuple

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from genart_core.jobs import caller
from genart_core.jobs.connection import aconnect, connect
from genart_core.jobs.record import new_job_id
from genart_core.jobs.store import _LUA, _names_of, _parts_for, _script, arun, run
from tests.support.table import Table
from tests.support.valkey import Valkey
from tests.support.waiting import wait_for

SCRIPTS = sorted({path.stem for path in _LUA.glob("*.lua")} - {"prelude", "foresight"})


def test_both_connections_make_the_same_transition(table: Table, valkey: Valkey) -> None:
    job_id = table.queue()
    call = caller.snapshot(job_id, "")

    async def read() -> caller.Snapshot:
        async with aconnect(valkey.url) as redis:
            return await arun(redis, call)

    placed = asyncio.run(read()).placed

    assert placed is not None
    assert placed.job == table.job(job_id)


def test_scripts_are_loaded_again_after_redis_forgot_them(table: Table, valkey: Valkey) -> None:
    job_id = table.queue()
    table.redis.script_flush()
    before = table.job(job_id)
    table.redis.script_flush()

    async def read() -> caller.Found:
        async with aconnect(valkey.url) as redis:
            return await arun(redis, caller.get(job_id, ""))

    after = asyncio.run(read()).placed
    assert after is not None
    assert astuple(after.job) == astuple(before)


@pytest.mark.parametrize("name", SCRIPTS)
def test_script_carries_what_it_uses_and_little_else(name: str, redis: Redis) -> None:
    source, _ = _script(name)
    defined = {found for part in _parts_for(source) for found in _names_of(part)}

    assert defined <= _names_of(source)
    assert redis.script_load(source)


def test_short_script_is_not_made_to_define_what_it_never_uses() -> None:
    assert len(_script("postpone")[0].splitlines()) < 40
    assert "local function settle" not in _script("get")[0]
    assert "local function settle" in _script("finish")[0]


def test_redis_that_is_away_is_told_as_such() -> None:
    with connect("unix:///nowhere/redis.sock") as redis, pytest.raises(RedisConnectionError):
        run(redis, caller.get(new_job_id(), ""))


def test_connection_lost_while_idle_is_made_anew(table: Table, valkey: Valkey) -> None:
    job_id = table.queue()
    with valkey.client() as redis:
        run(redis, caller.get(job_id, ""))
        table.redis.client_kill_filter(_type="normal", skipme=True)

        assert run(redis, caller.get(job_id, "")).placed is not None


def test_refused_script_leaves_its_connection_in_use(valkey: Valkey) -> None:
    with valkey.client() as redis:
        for _ in range(20):
            with pytest.raises(ResponseError):
                redis.evalsha("0" * 40, 0)
        assert redis.info("clients")["connected_clients"] < 10


def test_closed_client_leaves_no_connection(valkey: Valkey) -> None:
    async def use_and_close() -> None:
        redis = aconnect(valkey.url)
        await redis.client_setname("short-lived")
        await redis.aclose()

    asyncio.run(use_and_close())

    with valkey.client() as redis:
        wait_for(lambda: "short-lived" not in names_of(redis), 30, "its connection is closed")


def names_of(redis: Redis) -> set[str]:
    return {str(client["name"]) for client in redis.client_list()}
