"""Signatures of webhooks as the Standard Webhooks specification 1.0 has them (symmetric, `v1`).

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"
_MIN_BYTES, _MAX_BYTES = 24, 64
_DRAWN_BYTES = 32  # as many as the digest has


def new_secret() -> str:
    """Return a fresh secret."""
    return PREFIX + base64.b64encode(secrets.token_bytes(_DRAWN_BYTES)).decode()


def parse_secret(text: str) -> bytes:
    """Return the key that a secret stands for.

    Raises:
        ValueError: if it is none; the message doesn't repeat it.
    """
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(PREFIX) or not _MIN_BYTES <= len(key) <= _MAX_BYTES:
        raise ValueError(
            f"a webhook secret is {PREFIX} and {_MIN_BYTES} to {_MAX_BYTES} bytes in base64"
        )
    return key


def signed_headers(
    keys: Sequence[bytes], message_id: str, seconds: int, body: bytes
) -> dict[str, str]:
    """Return the fields of a message that is sent at a time; each key signs, in order."""
    content = f"{message_id}.{seconds}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(key, content, "sha256")).decode() for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
