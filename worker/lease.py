"""Keeping the leases of the jobs in hand, and telling their runs when to stop."""

import logging
import threading
import time
from collections.abc import Callable

from redis import Redis

from genart_core.jobs import owner
from genart_core.jobs.record import Job
from genart_core.jobs.store import run as send
from worker.outage import AWAY
from worker.run import ActiveRun

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 0.25  # a lease lasts much longer; the same call brings cancels, which can't wait


class LeaseKeeper:
    """A side thread, so that a long step of the generator doesn't cost the lease."""

    def __init__(self, redis: Redis, lease_ms: int) -> None:
        self._redis = redis
        self._lease_ms = lease_ms
        self._lock = threading.Lock()
        self._leased: dict[tuple[str, int], tuple[Job, ActiveRun | None]] = {}
        self._drain_at: float | None = None
        threading.Thread(target=self._keep, name="lease-keeper", daemon=True).start()

    def hold(self, job: Job, run: ActiveRun | None = None) -> None:
        """Keep this job's lease from now on, and stop `run` when the job must end."""
        with self._lock:
            self._leased[job.id, job.fence] = (job, run)

    def release(self, job: Job) -> None:
        """Keep this claim no longer: its ending is written. A later claim of the job stays."""
        with self._lock:
            self._leased.pop((job.id, job.fence), None)

    @property
    def jobs(self) -> list[Job]:
        """The jobs in hand."""
        with self._lock:
            return [job for job, _ in self._leased.values()]

    def drain(self, seconds: float) -> None:
        """Stop whatever still runs after `seconds`."""
        self._drain_at = time.monotonic() + seconds

    def _keep(self) -> None:
        while True:
            time.sleep(INTERVAL_SECONDS)
            try:
                self._renew()
            except AWAY as error:
                log.warning("leases not renewed, Redis is away: %s", error)

    def _renew(self) -> None:
        with self._lock:
            leased = list(self._leased.values())
        if self._drain_at is not None and time.monotonic() >= self._drain_at:
            _stop_all(leased, lambda run: run.stop("drain"))
        if not leased:
            return
        held = [(job.id, job.fence) for job, _ in leased]
        replies = send(self._redis, owner.renew(held, self._lease_ms))
        for (_, run), reply in zip(leased, replies, strict=True):
            if run is not None and reply != "ok":
                run.stop(reply)


def _stop_all(
    leased: list[tuple[Job, ActiveRun | None]], stop: Callable[[ActiveRun], object]
) -> None:
    for _, run in leased:
        if run is not None:
            stop(run)
