"""A host of the outside world: https on this machine, under a name and a certificate of its own."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

NAME = "pictures.test"
Behave: TypeAlias = Callable[[ssl.SSLSocket], None]


def make_certificate(folder: Path, name: str = NAME) -> tuple[Path, Path]:
    """Return the files of a certificate for a name, and of its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = [
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
        *("-nodes", "-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName=DNS:{name}"),
        *("-out", str(certificate), "-keyout", str(key)),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


def trusting(certificate: Path) -> ssl.SSLContext:
    """Return the context of a caller who trusts this certificate and no other."""
    return ssl.create_default_context(cafile=str(certificate))


class Outside:
    """Takes connections, notes each request's head, and lets `behave` answer."""

    def __init__(self, listener: socket.socket, certificate: Path, key: Path) -> None:
        self.port: int = listener.getsockname()[1]
        self.heads: list[bytes] = []
        self.names: list[str | None] = []
        self.connections = 0
        self.behave: Behave = lambda connection: None
        self._listener = listener
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._context.sni_callback = self._hear_name
        threading.Thread(target=self._serve, daemon=True).start()

    def answer(self, *pieces: bytes) -> None:
        """Answer every request with this."""

        def behave(connection: ssl.SSLSocket) -> None:
            for piece in pieces:
                connection.sendall(piece)

        self.behave = behave

    def show(self, data: bytes, *fields: str, status: str = "200 OK") -> None:
        """Answer every request with a file and its length."""
        head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", *fields))
        self.answer(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)

    def _hear_name(self, _socket: object, name: str | None, _context: object) -> None:
        self.names.append(name)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection: socket.socket) -> None:
        # a caller that hangs up, or doesn't trust us, is what some tests want
        with suppress(OSError), connection:
            connection.settimeout(10)
            with self._context.wrap_socket(connection, server_side=True) as secure:
                head = b""
                while b"\r\n\r\n" not in head and (data := secure.recv(4096)):
                    head += data
                self.heads.append(head)
                self.behave(secure)
                secure.unwrap()


@contextmanager
def running_outside(certificate: Path, key: Path) -> Iterator[Outside]:
    """Run such a host on 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield Outside(listener, certificate, key)
