"""A caller who has had jobs accepted by the real gateway, and a worker that makes them."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

import pytest

from genart_core.jobs.blobs import BlobStore
from genart_core.jobs.record import JobId
from loadtest.api import Api, Ask
from loadtest.oracle import Accepted, Oracle, gather
from tests.api.player import Player
from tests.support.gateway import RunningGateway
from tests.support.table import Table

ASK = Ask.of("text", model="tiny", seed=1)
TEXT = "as ever"


@dataclass
class Client:
    """Submits, and has the oracle look."""

    api: Api
    oracle: Oracle = field(default_factory=lambda: Oracle({ASK: (TEXT.encode(),)}))

    def submit(self, ask: Ask = ASK) -> Accepted:
        mark = secrets.token_hex(8)
        reply = self.api.submit(ask, mark)
        assert reply.status == 202
        accepted = Accepted(reply.json["id"], ask, mark, "", "group")
        self.oracle.note(accepted)
        return accepted

    def faults_of(self, accepted: Accepted) -> list[str]:
        self.oracle.judge(accepted, gather(self.api, accepted.id))
        return accepted.faults


@pytest.fixture
def worker(gateway: RunningGateway, table: Table) -> Player:
    return Player(table, BlobStore(gateway.settings.blobs))


@pytest.fixture
def client(gateway: RunningGateway) -> Iterator[Client]:
    with closing(Api(gateway.url)) as api:
        yield Client(api)


@pytest.fixture
def stored(gateway: RunningGateway, table: Table) -> Callable[[str], str]:
    """Return where the file of a finished job lies."""

    def stored(job_id: str) -> str:
        path = table.job(JobId(job_id)).outputs[0].path
        return f"{gateway.settings.home}/blobs/{path}"

    return stored
