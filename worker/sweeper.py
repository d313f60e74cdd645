"""The housekeeping thread: announces this worker and, when it is its turn, sweeps the job table."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from redis import Redis

from genart_core.jobs import upkeep
from genart_core.jobs.blobs import BlobStore
from genart_core.jobs.store import Keep
from genart_core.jobs.store import run as send
from worker.outage import AWAY

log = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0
ANNOUNCE_EVERY = 2  # sweeps


def start_sweeper(
    redis: Redis,
    blobs: BlobStore,
    *,
    worker: str,
    keep: Keep,
    facts: Callable[[], dict[str, Any]],
) -> threading.Thread:
    """Start the thread. `facts()` is what the worker says of itself."""

    def sweep_on() -> None:
        turn = 0
        while True:
            try:
                if turn % ANNOUNCE_EVERY == 0:
                    send(redis, upkeep.announce(worker, facts()))
                sweep(redis, blobs, reaper=worker, keep=keep)
            except (*AWAY, OSError) as error:
                log.warning("sweep skipped: %s", error)
            turn += 1
            time.sleep(SWEEP_SECONDS)

    thread = threading.Thread(target=sweep_on, name="sweeper", daemon=True)
    thread.start()
    return thread


def sweep(redis: Redis, blobs: BlobStore, *, reaper: str, keep: Keep) -> upkeep.Reaped:
    """Sweep once: take back expired leases and remove the files of jobs past their retention."""
    reaped = send(redis, upkeep.reap(reaper, keep))
    if reaped.taken_back:
        log.warning("%d leases had run out; their jobs are ready again", reaped.taken_back)
    for job_id in reaped.due:
        blobs.delete(job_id)
    if reaped.due:
        send(redis, upkeep.forget(reaped.due))
    return reaped
