"""The socket that the gateway listens on."""

import errno
import socket

from cli.errors import CommandError

_BACKLOG = 2048
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - how to reach it from here


def listen(host: str, port: int) -> socket.socket:
    """Open the socket.

    Raises:
        CommandError: if the address is taken or can't be used.
    """
    try:
        family, _, _, _, found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(found[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        address = f"GENART_HOST={host} with GENART_PORT={port}"
        if error.errno == errno.EADDRINUSE:
            raise CommandError(f"{address} is taken; set GENART_PORT to a free port") from error
        raise CommandError(f"{address} can't be used: {error.strerror}") from error


def url_of(listener: socket.socket) -> str:
    """Return the URL under which this machine reaches the gateway."""
    host, port = listener.getsockname()[:2]
    host = _ANY_ADDRESS.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
