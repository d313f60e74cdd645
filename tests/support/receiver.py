"""A receiver of webhooks, which verifies with the public `standardwebhooks` library."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OLD_SECRET = "whsec_" + "b2xk" * 8


@dataclass(frozen=True)
class Message:
    """One that came, with what the library makes of it: None if it is forged."""

    path: str
    headers: dict[str, str]
    body: bytes
    verified: Any

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


class Receiver:
    """Notes every message and answers with `answers` in turn; the last one again and again."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        self.messages: list[Message] = []
        self.answers: list[tuple[int, dict[str, str]]] = [(204, {})]
        self.may_answer = threading.Event()
        self.may_answer.set()
        self._lock = threading.Lock()

    def take(self, message: Message) -> tuple[int, dict[str, str]]:
        with self._lock:
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            self.messages.append(message)
        self.may_answer.wait(10)
        return answer


@contextmanager
def running_receiver(secret: str = SECRET) -> Iterator[Receiver]:
    """Run one that knows one secret."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): said for name, said in self.headers.items()}
            try:
                verified = Webhook(secret).verify(body, headers)
            except WebhookVerificationError:
                verified = None
            status, fields = receiver.take(Message(self.path, headers, body, verified))
            self.send_response(status)
            for name, said in fields.items():
                self.send_header(name, said)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(server)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.may_answer.set()
        server.shutdown()
        server.server_close()
