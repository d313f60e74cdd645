"""What every test may ask for: a real Redis, empty at its start, and the real gateway on it."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from redis import Redis

from tests.support.table import Table
from tests.support.valkey import Valkey

if TYPE_CHECKING:  # a test of the art alone shouldn't wait for the web framework
    from tests.support.bucket import Bucket
    from tests.support.gateway import RunningGateway

# The first calls of torch take long on a busy machine; a hanging test is for pytest's own timeout.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# A shell starts what runs in its background with SIGINT ignored, and so would every command here.
signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ["GENART_NATIVE"] = "false"  # compiling is for the tests of what is compiled


@pytest.fixture(scope="session")
def valkey() -> Iterator[Valkey]:
    # a socket's path may have 107 characters, so not pytest's folder
    with tempfile.TemporaryDirectory(prefix="genart-") as folder:
        server = Valkey(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture(scope="session")
def redis_url(valkey: Valkey) -> str:
    return valkey.url


@pytest.fixture
def redis(valkey: Valkey) -> Iterator[Redis]:
    """A blocking client of a server that was emptied for this test."""
    with valkey.client() as client:
        client.flushall()
        yield client


@pytest.fixture
def table(redis: Redis) -> Table:
    return Table(redis)


@pytest.fixture(scope="session")
def bucket() -> "Iterator[Bucket]":
    from tests.support.bucket import running_bucket

    with running_bucket() as bucket:
        yield bucket


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A state folder of this test's own."""
    return tmp_path / "home"


@pytest.fixture(scope="session")
def session_gateway(
    redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> "Iterator[RunningGateway]":
    from tests.support.gateway import place_model, running_gateway

    home = tmp_path_factory.mktemp("gateway")
    for name in ("nietzsche", "tiny"):
        place_model(home, name, licence="none")
    with running_gateway(redis_url, home, heartbeat_seconds=0.3) as gateway:
        yield gateway


@pytest.fixture
def gateway(session_gateway: "RunningGateway", redis: Redis) -> "RunningGateway":
    """The gateway, with text models `nietzsche` and `tiny`, on an empty Redis."""
    session_gateway.rest()
    return session_gateway
