"""The doorbell is a Celery message, though no Celery writes it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from redis import Redis

from genart_core.jobs import upkeep
from genart_core.jobs.connection import connect
from genart_core.jobs.keys import DOORBELL
from genart_core.jobs.queue import TASK, celery_settings
from tests.support.table import Table
from tests.support.valkey import Valkey

UNIQUE = {"headers": {"id", "root_id", "origin"}, "properties": {"correlation_id", "delivery_tag"}}
"""What differs from message to message; `reply_to` names the sender's own queue for answers."""


@pytest.fixture
def celery(valkey: Valkey) -> Iterator[Celery]:
    with Celery("test", set_as_current=False) as app:
        app.conf.update(celery_settings(valkey.url))
        yield app


def rung(redis: Redis) -> list[dict[str, Any]]:
    """Return the waiting messages, the oldest first."""
    return [json.loads(message) for message in reversed(redis.lrange(DOORBELL, 0, -1))]


def hear(celery: Celery) -> list[dict[str, Any]]:
    """Return the headers of all waiting messages, as a Celery consumer reads them."""
    with celery.connection_for_read() as connection:
        queue = connection.SimpleBuffer(DOORBELL)
        headers = []
        for _ in range(queue.qsize()):
            message = queue.get(timeout=2)
            assert message.payload[:2] == [[], {}]
            headers.append(message.headers)
            message.ack()
        queue.close()
        return headers


def without_ids(message: dict[str, Any]) -> dict[str, Any]:
    message["properties"].pop("reply_to", None)
    for part, names in UNIQUE.items():
        message[part] = {k: v for k, v in message[part].items() if k not in names}
    return message


def test_doorbell_is_what_celery_would_write(table: Table, celery: Celery) -> None:
    table.queue()
    celery.send_task(TASK)

    ours, theirs = rung(table.redis)

    assert without_ids(ours) == without_ids(theirs)


def test_celery_accepts_the_doorbell_of_every_transition(table: Table, celery: Celery) -> None:
    heard = []
    table.queue()
    heard += hear(celery)
    table.hand_back(table.take())
    heard += hear(celery)
    table.take()
    table.open_slot("s1")
    heard += hear(celery)
    table.reap()
    heard += hear(celery)

    assert [headers["task"] for headers in heard] == [TASK] * 4


@pytest.mark.parametrize("suffix", ["", "?db=3"])
def test_celery_listens_where_the_table_rings(valkey: Valkey, suffix: str) -> None:
    url = valkey.url + suffix
    with connect(url) as redis, Celery("test", set_as_current=False) as celery:
        redis.flushall()
        celery.conf.update(celery_settings(url))
        Table(redis).queue()

        assert [headers["task"] for headers in hear(celery)] == [TASK]


@pytest.mark.parametrize(
    ("redis_url", "broker_url"),
    [
        ("redis://host:1234/2", "redis://host:1234/2"),
        ("redis://:secret@host/0?db=3", "redis://:secret@host/3"),
        ("rediss://host/1?ssl_cert_reqs=none", "rediss://host/1?ssl_cert_reqs=none"),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock"),
    ],
)
def test_celery_is_given_the_same_address(redis_url: str, broker_url: str) -> None:
    assert celery_settings(redis_url)["broker_url"] == broker_url


def test_every_doorbell_has_a_tag_of_its_own(table: Table) -> None:
    table.send(upkeep.announce("w1", {}))
    table.send(upkeep.announce("w2", {}))
    table.send(upkeep.announce("w3", {}))
    table.queue()
    table.queue()
    table.hand_back(table.take())

    tags = {message["properties"]["delivery_tag"] for message in rung(table.redis)}

    assert len(tags) == 3


def test_one_waiting_doorbell_is_enough_for_a_lone_worker(table: Table) -> None:
    for _ in range(5):
        table.queue()

    assert len(rung(table.redis)) == 1


def test_each_live_worker_is_rung_for(table: Table) -> None:
    for worker in ("w1", "w2", "w3"):
        table.send(upkeep.announce(worker, {}))

    for _ in range(5):
        table.queue()

    assert len(rung(table.redis)) == 3


def test_lost_doorbell_is_rung_again_by_the_reaper(table: Table) -> None:
    table.queue()
    table.redis.delete(DOORBELL)

    table.reap()

    assert len(rung(table.redis)) == 1


def test_nothing_is_rung_for_an_empty_line(table: Table) -> None:
    table.commit(table.running())
    table.redis.delete(DOORBELL)

    table.reap()

    assert rung(table.redis) == []
