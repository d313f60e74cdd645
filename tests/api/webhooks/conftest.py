"""A gateway that sends webhooks, and who receives them."""

from collections.abc import Iterator
from importlib.metadata import version

import pytest
from httpx2 import Client

from api.outgoing.webhooks import Webhooks
from genart_core.jobs.blobs import BlobStore
from tests.api.player import Player
from tests.api.webhooks.asking import NO_TLS
from tests.support.gateway import RunningGateway, place_model, running_gateway
from tests.support.receiver import OLD_SECRET, SECRET, Receiver, running_receiver
from tests.support.table import Table


@pytest.fixture(scope="package")
def telling(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway that sends webhooks, also to this machine."""
    home = tmp_path_factory.mktemp("telling")
    place_model(home, "tiny")
    secrets = (SECRET, OLD_SECRET)
    with running_gateway(
        redis_url, home, webhook_secrets=secrets, webhook_loopback=True
    ) as gateway:
        yield gateway


@pytest.fixture
def hooks(telling: RunningGateway) -> Webhooks:
    """What delivers, with hardly any time between attempts."""
    found = telling.parts.webhooks
    assert found is not None
    found.schedule, found.timeout_seconds = (0.0, 0.01, 0.01), 5.0
    found.look_seconds = 0.02
    return found


@pytest.fixture
def http(telling: RunningGateway, hooks: Webhooks, table: Table) -> Iterator[Client]:
    telling.rest()
    with Client(base_url=telling.url, timeout=20, verify=NO_TLS) as client:
        yield client


@pytest.fixture
def player(telling: RunningGateway, table: Table) -> Player:
    return Player(table, BlobStore(telling.settings.blobs), version=version("genart"))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as receiver:
        yield receiver
