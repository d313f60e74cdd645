"""The gateway process: `python -m cli.gateway FD`, on a socket that its starter has opened.

Under the supervisor the socket outlives the process, so that callers who come while the gateway is
restarted wait a moment instead of being refused.
"""

import socket
import sys

from api.server import create_server
from api.settings import ApiSettings
from cli.settings import read
from genart_core import logs


def main() -> None:
    """Serve on the socket with the file descriptor named on the command line."""
    serve(read(ApiSettings), socket.socket(fileno=int(sys.argv[1])))


def serve(settings: ApiSettings, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT."""
    logs.configure(settings.log_level, settings.log_format)
    create_server(settings).run(sockets=[listener])


if __name__ == "__main__":
    main()
