"""Serve an application as ours is served: `python -m benchmarks.rig.serve module:factory`.

All gateways that are compared run in this one way: one process, uvloop, httptools, a free port of
127.0.0.1, which is the first line of standard output. `gateway` in place of a factory is our own
server, with all that it has of its own.
"""

import socket
import sys

import uvicorn


def main() -> None:
    """Serve until SIGTERM."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)  # from here on callers may come, they are served once all is up
    print(listener.getsockname()[1], flush=True)
    if sys.argv[1] == "gateway":
        from api.server import create_server  # here, since the others don't carry it
        from api.settings import ApiSettings

        create_server(ApiSettings()).run(sockets=[listener])
    else:
        _serve(sys.argv[1], listener)


def _serve(factory: str, listener: socket.socket) -> None:
    config = uvicorn.Config(
        factory,
        factory=True,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
