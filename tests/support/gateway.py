"""The real gateway, on a free port of 127.0.0.1, served from a thread of the test's process."""

import asyncio
import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api.dependencies import Gateway
from api.server import Server, create_server
from api.settings import ApiSettings
from tests.support.waiting import wait_for

_PATIENCE_SECONDS = 30.0


class RunningGateway:
    """A gateway that serves; `parts` are its insides, for a test to look at or to break."""

    def __init__(self, settings: ApiSettings, listener: socket.socket) -> None:
        self.settings = settings
        self.host, self.port = listener.getsockname()[:2]
        self.url = f"http://{self.host}:{self.port}"
        self.server: Server = create_server(settings)
        self.thread = threading.Thread(target=self.server.run, args=([listener],), daemon=True)
        self.thread.start()
        wait_for(lambda: self.server.started, _PATIENCE_SECONDS, "the gateway serves")
        wait_for(self.parts.wakeups.subscribed.is_set, _PATIENCE_SECONDS, "it hears of changes")

    @property
    def parts(self) -> Gateway:
        gateway: Gateway = self.server.lifespan.state["gateway"]
        return gateway

    @property
    def sleepers(self) -> int:
        """How many callers have read their job and now sleep until it changes."""
        waiting = list(self.parts.wakeups._waiting.values())
        return sum(watch._future is not None for watches in waiting for watch in list(watches))

    def rest(self) -> None:
        """Wait until it has noticed that the callers and workers of earlier tests are gone."""
        wait_for(lambda: not self.parts.wakeups.waiting, _PATIENCE_SECONDS, "nobody waits")
        overview = self.parts.overview
        if overview.survey is not None and overview.survey.workers:
            loop = self.server.servers[0].get_loop()
            asyncio.run_coroutine_threadsafe(overview.refresh(), loop).result(_PATIENCE_SECONDS)

    def stop(self) -> None:
        """Do what SIGTERM does."""
        self.server.should_exit = True
        self.thread.join(_PATIENCE_SECONDS)
        assert not self.thread.is_alive(), "the gateway has not ended"


@contextmanager
def running_gateway(redis_url: str, home: Path, **settings: Any) -> Iterator[RunningGateway]:
    """Run a gateway with these settings."""
    chosen = ApiSettings(redis_url=redis_url, home=home, log_level="ERROR", **settings)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        gateway = RunningGateway(chosen, listener)
        try:
            yield gateway
        finally:
            gateway.stop()


def place_model(home: Path, name: str, *, art: str = "text", **card: Any) -> Path:
    """Write a weights file that holds nothing but its card."""
    path = home / "models" / art / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    header = json.dumps({"__metadata__": {"card": json.dumps(card)}}).encode()
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    return path
