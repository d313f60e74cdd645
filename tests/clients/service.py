"""The service that generated clients call: the real one, with a key."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.keys import make_key
from tests.support.up import GenartUp


class Service(NamedTuple):
    """Where it is, and a key that it takes."""

    url: str
    key: str


@contextmanager
def running_service(**settings: object) -> Iterator[Service]:
    """Run `genart up` on a free port and a new home, with the project's own kinds."""
    with tempfile.TemporaryDirectory() as folder:
        environment: dict[str, Any] = {"extra_arts": "", "kinds": "", **settings}
        up = GenartUp(Path(folder) / "home", **environment)
        try:
            up.wait_until_whole()
            with up.client() as redis:
                key = make_key(redis, "clients")
            yield Service(up.url, key)
        finally:
            up.stop()
