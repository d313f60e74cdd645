"""A caller and a worker."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from httpx2 import Client, HTTPTransport, Response
from redis import Redis

from genart_core.jobs.blobs import BlobStore
from tests.api.fetching import PICTURE
from tests.api.player import Player
from tests.support.gateway import RunningGateway
from tests.support.outside import Outside, make_certificate, running_outside
from tests.support.studio import running_studio
from tests.support.table import Table

# never used, and much quicker to make than the default one
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Post(Protocol):
    """Posts a text job; keyword arguments are fields of its body."""

    def __call__(self, headers: dict[str, str] | None = None, **fields: object) -> Response: ...


@pytest.fixture
def http(gateway: RunningGateway) -> Iterator[Client]:
    with Client(base_url=gateway.url, timeout=20, verify=_NO_TLS) as client:
        yield client


@pytest.fixture
def stranger(gateway: RunningGateway) -> Iterator[Client]:
    """Another client: it calls from another address."""
    transport = HTTPTransport(local_address="127.0.0.2", verify=_NO_TLS)
    with Client(base_url=gateway.url, timeout=20, transport=transport) as client:
        yield client


@pytest.fixture
def post(http: Client) -> Post:
    def post(headers: dict[str, str] | None = None, **fields: object) -> Response:
        return http.post("/v1/text", json={"model": "tiny", **fields}, headers=headers)

    return post


@pytest.fixture
def queued(post: Post) -> Callable[[], str]:
    """Posts a job and returns its address."""

    def queued() -> str:
        location: str = post().headers["location"]
        return location

    return queued


@pytest.fixture(scope="session")
def session_studio(
    redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    home = tmp_path_factory.mktemp("studio")
    with running_studio(redis_url, home) as gateway:
        yield gateway


@pytest.fixture
def studio(session_studio: RunningGateway, redis: Redis) -> RunningGateway:
    """A gateway with the kinds of `tests.support.arts`, and small caps, on an empty Redis."""
    session_studio.rest()
    return session_studio


@pytest.fixture
def caller(studio: RunningGateway) -> Iterator[Client]:
    """A client of the studio."""
    with Client(base_url=studio.url, timeout=20, verify=_NO_TLS) as client:
        yield client


@pytest.fixture
def other(studio: RunningGateway) -> Iterator[Client]:
    """Another client of the studio: it calls from another address."""
    transport = HTTPTransport(local_address="127.0.0.2", verify=_NO_TLS)
    with Client(base_url=studio.url, timeout=20, transport=transport) as client:
        yield client


@pytest.fixture
def painter(studio: RunningGateway, table: Table) -> Player:
    """A worker of the studio."""
    return Player(table, BlobStore(studio.settings.blobs))


@pytest.fixture
def worker(gateway: RunningGateway, table: Table) -> Player:
    return Player(table, BlobStore(gateway.settings.blobs))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def outside(certificate: tuple[Path, Path]) -> Iterator[Outside]:
    with running_outside(*certificate) as host:
        host.show(PICTURE)
        yield host
