"""A job table whose reaper has been at work all along."""

import pytest

from tests.support.table import Table


@pytest.fixture
def table(table: Table) -> Table:
    table.redis.set("genart:swept", table.now())
    return table
