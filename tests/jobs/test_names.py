"""Names in Redis, which Python and Lua build on their own."""

from genart_core.jobs import keys
from tests.support.listening import listening
from tests.support.names import events_key, job_key
from tests.support.table import Table


def test_python_and_lua_name_the_same_keys(table: Table) -> None:
    job_id = table.queue()

    assert table.redis.type(job_key(job_id)) == b"hash"
    assert table.redis.type(events_key(job_id)) == b"stream"
    assert table.redis.type(keys.DOORBELL) == b"list"


def test_python_and_lua_name_the_same_channel(table: Table) -> None:
    with listening(table.redis, keys.CHANGED) as channel:
        job_id = table.running().id
        message = channel.get_message(timeout=1)

    assert message is not None
    assert message["data"].decode() == f"{job_id} 2 running"


def test_every_key_is_in_our_name_space(table: Table) -> None:
    job = table.running("ann", key="k", fingerprint="f")
    table.report(job, (0, 0, "text"), progress=(1, 2))
    table.allowing(deadline_ms=1000).queue("ben")
    table.commit(job)
    table.reap()
    table.open_slot("s1")

    assert [n for n in table.names() if not n.startswith(f"{keys.NAMESPACE}:")] == []
