"""Receives webhooks, checks their signature and prints them; needs nothing but Python.

WEBHOOK_SECRET=whsec_… python -m examples.webhook_receiver 9000
"""

import base64
import hmac
import json
import os
import sys
import time
from collections.abc import Mapping
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE_SECONDS = 300
MAX_BYTES = 20_000


def is_genuine(secret: str, headers: Mapping[str, str] | Message, body: bytes) -> bool:
    """Whether the holder of the secret sent this, just now."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    sent_at = headers.get("webhook-timestamp", "")
    if not sent_at.isdecimal() or abs(time.time() - int(sent_at)) > TOLERANCE_SECONDS:
        return False  # an old message that somebody has kept
    content = f"{headers.get('webhook-id', '')}.{sent_at}.".encode() + body
    right = "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode()
    came = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(right.encode(), one.encode()) for one in came)


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 to what is genuine, and 401 to anything else."""

    secret = os.environ.get("WEBHOOK_SECRET", "")
    seen: set[str] = set()

    def do_POST(self) -> None:
        """Take one message."""
        body = self.rfile.read(min(int(self.headers.get("content-length", 0)), MAX_BYTES))
        genuine = is_genuine(self.secret, self.headers, body)
        if genuine and self.headers["webhook-id"] not in self.seen:  # each may come twice
            self.seen.add(self.headers["webhook-id"])
            message = json.loads(body)
            print(message["type"], message["data"]["urls"]["self"], flush=True)
        self.send_response(204 if genuine else 401)
        self.end_headers()


if __name__ == "__main__":
    if not Receiver.secret:
        sys.exit("set WEBHOOK_SECRET")
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver).serve_forever()
