import threading
import time
from pathlib import Path

from httpx2 import Client
from redis import Redis

from tests.api.sse import following
from tests.support.gateway import place_model, running_gateway
from tests.support.waiting import wait_for


def test_stop_lets_waiting_callers_and_readers_go_at_once(
    redis: Redis, redis_url: str, home: Path
) -> None:
    place_model(home, "tiny")
    answers = []
    with running_gateway(redis_url, home) as gateway, Client(base_url=gateway.url) as http:
        url = http.post("/v1/text", json={"model": "tiny"}).headers["location"]

        def wait() -> None:
            with Client(base_url=gateway.url, timeout=30) as own:
                answers.append(own.get(url, headers={"Prefer": "wait=60"}))

        thread = threading.Thread(target=wait)
        thread.start()
        with following(http, url) as reader:
            reader.next()
            wait_for(lambda: gateway.sleepers == 2, 30, "both wait")
            began = time.monotonic()
            gateway.server.should_exit = True
            rest = [event.name for event in reader]
        thread.join()

        assert rest == []
        assert answers[0].json()["status"] == "queued"
        wait_for(lambda: not gateway.thread.is_alive(), 30, "the gateway has ended")
        assert time.monotonic() - began < 25
