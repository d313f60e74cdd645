"""A reader that takes its time: what a phone on a bad line is to the service."""

import socket
import ssl
import time
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

_LITTLE = 4096  # bytes of the kernel's buffer, so that the sender feels how slow we are


def trickled(url: str, key: str, path: str, bytes_per_second: int) -> bytes:
    """Return the whole answer to a GET, read at this pace."""
    place = urlsplit(url)
    head = f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n"
    if key:
        head += f"Authorization: Bearer {key}\r\n"
    heard, step = [], max(bytes_per_second // 20, 1)
    with _connected(place) as line:
        line.sendall(f"{head}\r\n".encode())
        with suppress(ConnectionResetError):
            while piece := line.recv(step):
                heard.append(piece)
                time.sleep(len(piece) / bytes_per_second)
    return b"".join(heard)


def _connected(place: SplitResult) -> socket.socket:
    secure, host = place.scheme == "https", place.hostname or ""
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _LITTLE)
    line.settimeout(60.0)
    line.connect((host, place.port or (443 if secure else 80)))
    return ssl.create_default_context().wrap_socket(line, server_hostname=host) if secure else line
