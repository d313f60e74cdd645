"""Keys for tests, in a database apart: a key that is made there closes no other gateway."""

import ssl
from typing import Any

from httpx2 import Client
from redis import Redis

from genart_core.jobs import access
from genart_core.jobs.access import Key
from genart_core.jobs.store import run
from tests.support.gateway import RunningGateway

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used, and quicker to make than a default


def make_key(redis: Redis, name: str = "", **limits: Any) -> str:
    """Make a key and return it."""
    key = access.new_key()
    known = Key(access.new_key_id(), name, 1, **limits)
    run(redis, access.create_key(access.digest_of(key.encode()), known))
    return key


def revoke_key(redis: Redis, key: str) -> None:
    assert run(redis, access.revoke_key(access.digest_of(key.encode())))


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def forget_keys(gateway: RunningGateway) -> None:
    """Have a gateway read its keys again, whose Redis was emptied."""
    with Client(base_url=gateway.url, verify=NO_TLS) as http:
        assert http.get("/v1/jobs", headers=bearer("none")).status_code == 401
