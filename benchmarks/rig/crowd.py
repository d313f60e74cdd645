"""What calls cost a Redis that many keep awake: each is made a thousand times in a row.

A call that has to wake it first costs several times as much, so what a single worker causes says
too much of a crowd.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from redis import Redis

from benchmarks.rig.processes import Process
from genart_core.jobs import owner, upkeep
from genart_core.jobs.owner import Chunk, Claimant
from genart_core.jobs.store import run as send

TIMES = 1000
RENEWALS, REPORTS, CHUNKS = 4, 5, 20  # of a running job in a second, at the most
_KEEP = (1000, 1000)


@dataclass(frozen=True)
class Crowd:
    """Microseconds of Redis' CPU for a call of each kind."""

    sweep: float
    announcement: float
    renewal: float
    progress: float
    token: float

    @property
    def idle_second(self) -> float:
        """A worker's second with nothing to do: a sweep, half an announcement."""
        return self.sweep + self.announcement / 2

    @property
    def running_second(self) -> float:
        """A job's second that tells how far it is, besides."""
        return RENEWALS * self.renewal + REPORTS * self.progress

    @property
    def streaming_second(self) -> float:
        """A job's second that writes text for all to read, besides."""
        return RENEWALS * self.renewal + CHUNKS * self.token


def measure_crowd(redis: Redis, server: Process, facts: dict[str, Any]) -> Crowd:
    """Measure, holding the next job of the kind `noop`, which must wait; `facts` are a worker's."""

    def cost(act: Callable[[int], object]) -> float:
        act(0)
        before = server.cpu_seconds
        for turn in range(1, TIMES + 1):
            act(turn)
        return (server.cpu_seconds - before) / TIMES * 1e6

    claim = owner.claim(
        Claimant("crowd.1", "crowd", 1), {"noop": 1}, lease_ms=600_000, limit=1, keep=_KEEP
    )
    job = send(redis, claim).jobs[0]
    send(redis, upkeep.reap("leader", _KEEP))
    found = Crowd(
        sweep=cost(lambda _: send(redis, upkeep.reap("crowd", _KEEP))),
        announcement=cost(lambda _: send(redis, upkeep.announce("crowd.1", facts))),
        renewal=cost(lambda _: send(redis, owner.renew([(job.id, job.fence)], 600_000))),
        progress=cost(
            lambda turn: send(
                redis, owner.report(job.id, job.fence, progress=(turn, TIMES), chunks=())
            )
        ),
        token=cost(
            lambda turn: send(
                redis,
                owner.report(job.id, job.fence, progress=None, chunks=[Chunk(0, turn, "x")]),
            )
        ),
    )
    send(redis, upkeep.depart("crowd.1"))
    return found
