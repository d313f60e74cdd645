"""A worker process: `python -m worker.main`, usually started by `genart up` or `genart worker`.

One process computes on one device. Celery hears the doorbells, in a pool of one thread, so that its
own loop stays awake while a job runs and no process is ever forked from one that has used CUDA.
"""

import logging
import os
import platform
import secrets
import sys
import threading
import warnings
from contextlib import suppress
from types import ModuleType
from typing import Any

from celery import signals
from celery.exceptions import CPendingDeprecationWarning
from celery.platforms import SecurityWarning

from genart_core import logs
from genart_core.catalogue import kinds, load_generator
from genart_core.jobs import owner, upkeep
from genart_core.jobs.blobs import BlobStore
from genart_core.jobs.connection import connect
from genart_core.jobs.store import run as send
from genart_core.tracing import Tracing, open_tracing
from worker.announcement import Announcer
from worker.engine import Engine, wait_until_drained
from worker.outage import AWAY, run_patiently
from worker.settings import WorkerSettings
from worker.sweeper import start_sweeper
from worker.tasks import create_celery

log = logging.getLogger("worker.main")  # it is run as __main__

CELERY_ARGUMENTS = [
    *("--quiet", "worker", "--pool", "threads", "--concurrency", "1", "--loglevel", "WARNING"),
    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
]
STARTUP_SECONDS = 30.0  # how long Redis may take to come up
FLUSH_SECONDS = 0.6  # for endings still being written when the drain is over
TRACES_SECONDS = 0.2  # for spans still to be sent after that


def main() -> None:
    """Run a worker until SIGTERM."""
    settings = WorkerSettings()
    logs.configure(settings.log_level, settings.log_format)
    logging.getLogger("celery").setLevel(logging.WARNING)
    # about pickled messages as root; ours are JSON
    warnings.simplefilter("ignore", SecurityWarning)
    # about a default of Celery 6; ours is stated
    warnings.simplefilter("ignore", CPendingDeprecationWarning)
    if not settings.redis_url:
        sys.exit("REDIS_URL is not set; `genart up` starts an embedded Redis and sets it")
    served = settings.kinds or tuple(kinds())
    for kind in served:
        load_generator(kind)  # now, so that no job waits for torch
    chosen, device = _device(settings.device)
    redis = connect(settings.redis_url)
    claimant = _claimant(redis, settings)
    blobs = BlobStore(settings.blobs)
    tracing = open_tracing("genart-worker")
    engine = Engine(
        *(redis, blobs, claimant, settings),
        device=chosen,
        use_threads=device.use_threads,
        tracing=tracing,
    )
    announcer = Announcer(redis, engine, claimant, home=settings.home, device=device)
    app = create_celery(settings.redis_url, engine)
    # Celery's signal handlers write to it, past all logging; we log that we leave
    sys.__stdout__ = None  # type: ignore[misc]

    @signals.setup_logging.connect(weak=False)  # type: ignore[untyped-decorator]
    def keep_logging(**_: Any) -> None:
        """Celery leaves logging alone if somebody listens here."""

    @signals.worker_ready.connect(weak=False)  # type: ignore[untyped-decorator]
    def begin(**_: Any) -> None:
        worker, keep = claimant.worker, settings.keep_ms
        start_sweeper(redis, blobs, worker=worker, keep=keep, announce=announcer.announce)
        log.info("worker %s is ready on %s", worker, chosen)

    @signals.worker_shutting_down.connect(weak=False)  # type: ignore[untyped-decorator]
    def shut_down(**_: Any) -> None:
        # in a thread: this is a signal handler, and the computing thread goes on meanwhile
        threading.Thread(target=_drain, args=(engine, redis, announcer, settings, tracing)).start()

    app.worker_main(CELERY_ARGUMENTS)


def _drain(
    engine: Engine,
    redis: Any,
    announcer: Announcer,
    settings: WorkerSettings,
    tracing: Tracing | None,
) -> None:
    """Let running jobs end, hand the rest back, and leave, whatever a stuck step does."""
    engine.drain()
    with suppress(*AWAY):
        announcer.announce()  # so that it is seen to be leaving
    wait_until_drained(engine, settings.drain_seconds + FLUSH_SECONDS)
    try:
        for job in engine.keeper.jobs:
            send(redis, owner.hand_back(job.id, job.fence, settings.keep_ms))
        announcer.leave()
    except AWAY as error:
        log.warning("left without a word, Redis is away: %s", error)
    if tracing is not None:
        tracing.close(TRACES_SECONDS)
    logging.shutdown()
    os._exit(0)


def _device(wish: str) -> tuple[str, ModuleType]:
    from genart_core.nn import device  # here, since it brings torch in

    try:
        chosen = device.pick_device(wish)
    except ValueError as error:
        sys.exit(str(error))
    return chosen, device


def _claimant(redis: Any, settings: WorkerSettings) -> owner.Claimant:
    slot = settings.slot or f"{platform.node()}-{secrets.token_hex(4)}"
    epoch = settings.epoch
    if not epoch:
        opened = run_patiently(
            redis, upkeep.open_slot(slot, settings.keep_ms), seconds=STARTUP_SECONDS
        )
        epoch = opened.epoch
    return owner.Claimant(worker=f"{slot}.{epoch}", slot=slot, epoch=epoch)


if __name__ == "__main__":
    main()
