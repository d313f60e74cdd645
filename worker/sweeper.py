"""The housekeeping thread: announces this worker and, when it is its turn, sweeps the job table."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

from redis import Redis

from genart_core.jobs import upkeep
from genart_core.jobs.blobs import BlobStore
from genart_core.jobs.record import JobId
from genart_core.jobs.store import Keep
from genart_core.jobs.store import run as send
from genart_core.words import counted
from worker.outage import AWAY

log = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0
ANNOUNCE_EVERY = 2  # sweeps
POSTPONE_MS = 60_000
ASSET_SECONDS = 10.0  # well within the time that assets are held as leaving


def start_sweeper(
    redis: Redis,
    blobs: BlobStore,
    *,
    worker: str,
    keep: Keep,
    announce: Callable[[], None],
) -> threading.Thread:
    """Start the thread. `announce()` says that the worker lives."""

    def sweep_on() -> None:
        turn = 0
        while True:
            try:
                if turn % ANNOUNCE_EVERY == 0:
                    announce()
                sweep(redis, blobs, reaper=worker, keep=keep)
            except (*AWAY, OSError) as error:
                log.warning("sweep skipped: %s", error)
            turn += 1
            time.sleep(SWEEP_SECONDS)

    thread = threading.Thread(target=sweep_on, name="sweeper", daemon=True)
    thread.start()
    return thread


def sweep(redis: Redis, blobs: BlobStore, *, reaper: str, keep: Keep) -> upkeep.Reaped:
    """Sweep once: take back expired leases and remove the files of jobs past their retention.

    Files that can't be removed are tried again in a minute, so that they hold up no others.
    """
    reaped = send(redis, upkeep.reap(reaper, keep))
    if reaped.taken_back:
        ran_out = counted(reaped.taken_back, "lease")
        log.warning("%s ran out; each job went back into the line", ran_out)
    removed, kept = _remove(blobs, reaped.due)
    if removed:
        send(redis, upkeep.forget(removed))
    if kept:
        send(redis, upkeep.postpone(kept, POSTPONE_MS))
    _sweep_assets(redis, blobs, reaped.due_assets)
    return reaped


def _sweep_assets(redis: Redis, blobs: BlobStore, due: Sequence[str]) -> None:
    """Remove the pictures that no job may need; those that time doesn't suffice for are due again.

    A process that was stopped in between must not remove what has been stored anew meanwhile.
    """
    give_up = time.monotonic() + ASSET_SECONDS
    for sha256 in due:
        if time.monotonic() >= give_up:
            return
        try:
            blobs.delete_asset(sha256)
        except OSError as error:
            log.warning("asset %s can't be removed: %s", sha256, error)
            send(redis, upkeep.postpone_assets([sha256], POSTPONE_MS))
        else:
            send(redis, upkeep.drop_assets([sha256]))


def _remove(blobs: BlobStore, due: Sequence[JobId]) -> tuple[list[JobId], list[JobId]]:
    """Return the jobs whose files are gone, and those of which one can't be removed."""
    removed, kept = [], []
    for job_id in due:
        try:
            blobs.delete(job_id)
        except OSError as error:
            told = {"fields": {"job_id": job_id}}
            log.warning("the files of a job can't be removed: %s", error, extra=told)
            kept.append(job_id)
        else:
            removed.append(job_id)
    return removed, kept
