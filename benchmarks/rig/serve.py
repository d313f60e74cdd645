"""Serve an application as ours is served: `python -m benchmarks.rig.serve module:factory`.

All gateways under measurement run in this one way: one process, uvloop, httptools, a free port of
127.0.0.1, which is the first line of standard output.
"""

import socket
import sys

import uvicorn


def main() -> None:
    """Serve until SIGTERM."""
    config = uvicorn.Config(
        sys.argv[1],
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
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)  # from here on callers may come, they are served once all is up
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
