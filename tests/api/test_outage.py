"""Redis away: callers get an honest 503 soon, and whoever waits goes on when it is back."""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from httpx2 import Client

from api.main import create_app
from api.settings import ApiSettings
from genart_core.jobs.blobs import BlobStore
from tests.api.player import Player, when_somebody_waits
from tests.api.sse import following
from tests.support.gateway import RunningGateway, place_model, running_gateway
from tests.support.table import Table
from tests.support.valkey import Valkey
from tests.support.waiting import wait_for

BODY = {"model": "tiny"}


@pytest.fixture
def server() -> Iterator[Valkey]:
    """A server of this test's own, to be broken."""
    with tempfile.TemporaryDirectory(prefix="genart-") as folder:
        server = Valkey(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def gateway(server: Valkey, home: Path) -> Iterator[RunningGateway]:
    place_model(home, "tiny")
    with running_gateway(
        server.url, home, heartbeat_seconds=0.3, redis_patience_seconds=1.0
    ) as gateway:
        yield gateway


@pytest.fixture
def worker(server: Valkey, gateway: RunningGateway) -> Iterator[Player]:
    with server.client() as redis:
        yield Player(Table(redis), BlobStore(gateway.settings.blobs))


def test_without_redis_requests_get_503_and_the_process_lives(server: Valkey, http: Client) -> None:
    url = http.post("/v1/text", json=BODY).headers["location"]
    server.kill()
    began = time.monotonic()

    answers = [
        http.post("/v1/text", json=BODY),
        http.get(url),
        http.get(url, headers={"Prefer": "wait=30"}),
        http.post(f"{url}/cancel"),
        http.delete(url),
        http.get("/v1/jobs"),
        http.get(f"{url}/events"),
        http.get(f"{url}/outputs/0"),
        http.get("/readyz"),
    ]

    assert time.monotonic() - began < 25  # one of them would have waited for 30 s
    assert {answer.status_code for answer in answers} == {503}
    assert {answer.json()["code"] for answer in answers} == {"store_unavailable"}
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in answers)
    assert http.get("/livez").status_code == 200
    assert "genart_redis_up 0.0" in http.get("/metrics").text
    assert http.get("/v1/models").status_code == 200


def test_redis_that_hangs_is_given_up_on_in_time(server: Valkey, http: Client) -> None:
    assert server._process is not None
    os.kill(server._process.pid, signal.SIGSTOP)
    try:
        began = time.monotonic()
        answer = http.post("/v1/text", json=BODY)
        assert time.monotonic() - began < 15
        assert answer.status_code == 503
    finally:
        os.kill(server._process.pid, signal.SIGCONT)

    wait_for(lambda: http.get("/readyz").status_code == 200, 30, "it is ready again")


def test_service_goes_on_when_redis_is_back(server: Valkey, http: Client) -> None:
    url = http.post("/v1/text", json=BODY).headers["location"]
    server.kill()
    assert http.get(url).status_code == 503
    server.start()

    wait_for(lambda: http.get(url).status_code == 200, 30, "the job is read again")
    assert http.post("/v1/text", json=BODY).status_code == 202


def test_waiting_caller_is_answered_after_an_outage(
    server: Valkey, gateway: RunningGateway, http: Client, worker: Player
) -> None:
    url = http.post("/v1/text", json=BODY).headers["location"]

    def break_and_mend() -> None:
        server.kill()
        wait_for(lambda: not gateway.parts.wakeups.subscribed.is_set(), 30, "it is missed")
        server.start()
        worker.make("after all")

    thread = when_somebody_waits(gateway, break_and_mend)
    answer = http.get(url, headers={"Prefer": "wait=30"})
    thread.join()

    assert answer.json()["status"] == "succeeded"


def test_event_stream_outlives_an_outage(
    server: Valkey, gateway: RunningGateway, http: Client, worker: Player
) -> None:
    url = http.post("/v1/text", json=BODY).headers["location"]
    with following(http, url) as reader:
        assert reader.next().name == "snapshot"
        server.kill()
        wait_for(lambda: not gateway.parts.wakeups.subscribed.is_set(), 30, "it is missed")
        server.start()
        worker.make("after all")
        names = [event.name for event in reader]

    assert "snapshot" in names
    assert names[-2:] == ["result", "done"]


def test_subscription_is_renewed_when_only_it_was_cut(
    server: Valkey, gateway: RunningGateway, http: Client, worker: Player
) -> None:
    url = http.post("/v1/text", json=BODY).headers["location"]

    def cut_and_finish() -> None:
        worker.table.redis.client_kill_filter(_type="pubsub")
        worker.make()

    thread = when_somebody_waits(gateway, cut_and_finish)
    answer = http.get(url, headers={"Prefer": "wait=30"})
    thread.join()

    assert answer.json()["status"] == "succeeded"


def test_full_redis_is_a_503_not_a_fault(worker: Player, http: Client) -> None:
    worker.table.redis.config_set("maxmemory", "1mb")

    answer = http.post("/v1/text", json=BODY)

    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")


def test_gateway_starts_while_redis_is_away(home: Path, tmp_path: Path) -> None:
    async def start() -> bool:
        app = create_app(ApiSettings(redis_url=f"unix://{tmp_path}/none.sock", home=home))
        async with app.router.lifespan_context(app):
            return True

    assert asyncio.run(start())
