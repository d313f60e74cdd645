"""The HTTP server around the application, with the settings it is measured and tested with."""

import ctypes
import math
import resource
import socket
from contextlib import suppress

import uvicorn

from api.dependencies import Gateway
from api.http.wire import Wire
from api.main import create_app
from api.settings import ApiSettings

BACKLOG = 2048
_LARGE_BLOCK_BYTES = 256 * 1024
_M_MMAP_THRESHOLD = -3  # malloc.h
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
    _give_large_blocks_back()
    _allow_many_connections()
    return Server(
        uvicorn.Config(
            create_app(settings),
            host=settings.host,
            port=settings.port,
            loop="uvloop",
            http=Wire,
            ws="none",
            lifespan="on",
            log_config=None,  # what it logs goes the way of all lines (`genart_core.logs`)
            log_level=settings.log_level.lower(),
            access_log=False,  # `api.engine.metrics.Meter` tells more
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=math.ceil(settings.shutdown_seconds),
            backlog=BACKLOG,
        )
    )


def _allow_many_connections() -> None:
    """Take as many files as may be had: each open stream is one, and 1024 is a usual limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(OSError, ValueError):  # some systems call more than they give no limit
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _give_large_blocks_back() -> None:
    """Have the memory of each picture go back to the system when it is no longer held.

    glibc takes the first large block that is freed as a sign to keep such blocks, and a gateway
    that was sent a dozen pictures at once would hold their memory for ever.
    """
    with suppress(OSError, AttributeError):  # another system, another C library
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BLOCK_BYTES)
