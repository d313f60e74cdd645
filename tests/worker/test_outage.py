import threading
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from genart_core.jobs.store import Call, text_of
from tests.support.table import Table
from tests.support.valkey import Valkey, full
from worker.outage import run_patiently


@pytest.fixture
def mortal() -> Iterator[Valkey]:
    """A server that a test may kill."""
    with TemporaryDirectory(prefix="genart-") as folder:
        server = Valkey(Path(folder))
        server.start()
        yield server
        server.stop()


def test_outage_is_ridden_out(mortal: Valkey) -> None:
    with mortal.client() as redis:
        table = Table(redis)
        job = table.running()
        mortal.kill()
        revival = threading.Timer(0.3, mortal.start)
        revival.start()

        outcome = run_patiently(redis, table.commitment(job), seconds=10)

        revival.join()
        assert outcome == "ok"
        assert table.job(job.id).status == "succeeded"


def test_redis_that_is_full_is_waited_for(table: Table) -> None:
    with full(table.redis):
        relief = threading.Timer(0.2, table.redis.config_set, ("maxmemory", 0))
        relief.start()

        submitted = run_patiently(table.redis, table.submission(), seconds=10)

        relief.join()
    assert submitted.outcome == "created"


def test_outage_that_lasts_too_long_is_an_error(mortal: Valkey) -> None:
    with mortal.client() as redis:
        table = Table(redis)
        job = table.running()
        mortal.kill()

        with pytest.raises(RedisConnectionError):
            run_patiently(redis, table.commitment(job), seconds=0.2)


def test_mistake_is_not_tried_again(table: Table) -> None:
    table.redis.set("genart:ready", "no sorted set")

    with pytest.raises(ResponseError, match="WRONGTYPE"):
        run_patiently(table.redis, Call("reap", ("r1", "", "", 1, 1), text_of), seconds=60)
