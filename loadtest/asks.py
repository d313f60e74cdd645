"""What is asked for: small jobs of real kinds, and jobs that keep a device busy for a set time."""

from collections.abc import Sequence

from loadtest.api import Api, Ask
from loadtest.oracle import gather
from loadtest.stage import new_mark

DEVICE_MS = 50  # how long a job of the measured kind keeps the device busy

BUSY = [Ask.of("busy", seed=1, ms=DEVICE_MS, bytes=1000 + n) for n in range(16)]
LARGE = [Ask.of("noop", seed=1, bytes=900_000 + n) for n in range(2)]
TEXTS = [Ask.of("text", seed=n, prompt="The ", length=40, temperature=0.8) for n in range(6)]
LONG_TEXTS = [Ask.of("text", seed=n, prompt="The ", length=300) for n in range(2)]
DRAWN = [
    *(Ask.of("vae-sample", seed=n, count=1) for n in range(4)),
    *(Ask.of("gan-sample", seed=n, count=1) for n in range(4)),
]
MIXED = [*BUSY[:4], *TEXTS, *DRAWN]
ALL = [*BUSY, *LARGE, *TEXTS, *LONG_TEXTS, *DRAWN]

_WAIT_SECONDS = 60


def alone(api: Api, asks: Sequence[Ask]) -> dict[Ask, tuple[bytes, ...]]:
    """Have each made while nothing else is, and return its files.

    Those of kinds that the service doesn't have are left out.

    Raises:
        RuntimeError: if one is not made.
    """
    found = {}
    for ask in asks:
        reply = api.submit(ask, new_mark(), wait_seconds=_WAIT_SECONDS)
        if reply.status in (404, 405, 409):
            continue
        if reply.status != 200:
            raise RuntimeError(f"{ask}, alone: {reply.status} {reply.body[:300]!r}")
        evidence = gather(api, reply.json["id"])
        if evidence.job is None or evidence.job["status"] != "succeeded":
            raise RuntimeError(f"{ask}, alone: {evidence.job}")
        found[ask] = evidence.files
    return found
