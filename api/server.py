"""The HTTP server around the application, with the settings it is measured and tested with."""

import math
import socket

import uvicorn

from api.dependencies import Gateway
from api.main import create_app
from api.settings import ApiSettings

BACKLOG = 2048
_KEEP_ALIVE_SECONDS = 75  # longer than most clients keep an idle connection


class Server(uvicorn.Server):
    """Lets waiting callers go before it waits for open requests to end."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop taking work, answer what is open, and end."""
        gateway: Gateway | None = self.lifespan.state.get("gateway")
        if gateway is not None:
            gateway.drain()
        await super().shutdown(sockets)


def create_server(settings: ApiSettings) -> Server:
    """Return a server that is ready to run, best on a socket that is already open.

    A peer's address is who it is here, so `X-Forwarded-For` is not believed.
    """
    return Server(
        uvicorn.Config(
            create_app(settings),
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            log_level=settings.log_level.lower(),
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=math.ceil(settings.shutdown_seconds),
            backlog=BACKLOG,
        )
    )
