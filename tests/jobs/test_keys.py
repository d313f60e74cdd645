"""Keys as they are kept in Redis."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from redis import Redis

from genart_core.jobs import access
from genart_core.jobs.access import Key
from genart_core.jobs.connection import connect
from tests.support.table import Table

ANN = Key("a1", "ann", 0)


@pytest.fixture
def apart(redis: Redis, redis_url: str) -> Iterator[Table]:
    """A database apart: a key made there closes no other test's gateway."""
    with connect(f"{redis_url}?db=1") as database:
        yield Table(database)


def test_a_key_that_was_revoked_meanwhile_does_not_come_back(apart: Table) -> None:
    apart.send(access.create_key("digest", ANN))
    changed = replace(ANN, webhook_secrets=("whsec_1",))

    assert apart.send(access.change_key("digest", changed))
    assert apart.send(access.read_keys()).keys == {"digest": changed}

    apart.send(access.revoke_key("digest"))
    before = apart.send(access.read_keys())
    assert not apart.send(access.change_key("digest", ANN))
    assert apart.send(access.read_keys()) == before
    assert before.keys == {}
