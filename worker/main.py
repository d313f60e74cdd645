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
import time
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from celery import signals
from celery.exceptions import CPendingDeprecationWarning
from celery.platforms import SecurityWarning

from genart_core.catalogue import kinds, load_generator
from genart_core.jobs import owner, upkeep
from genart_core.jobs.blobs import BlobStore
from genart_core.jobs.connection import connect
from genart_core.jobs.store import run as send
from genart_core.weights import models_of
from worker.engine import Engine, wait_until_drained
from worker.outage import AWAY, run_patiently
from worker.settings import WorkerSettings
from worker.sweeper import start_sweeper
from worker.tasks import create_celery

log = logging.getLogger(__name__)

CELERY_ARGUMENTS = [
    *("--quiet", "worker", "--pool", "threads", "--concurrency", "1", "--loglevel", "WARNING"),
    *("--without-gossip", "--without-mingle", "--without-heartbeat"),
]
STARTUP_SECONDS = 30.0  # how long Redis may take to come up
FLUSH_SECONDS = 0.7  # for endings still being written when the drain is over


def main() -> None:
    """Run a worker until SIGTERM."""
    settings = WorkerSettings()
    logging.basicConfig(
        level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
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
    device, use_threads, describe = _device(settings.device)
    redis = connect(settings.redis_url)
    claimant = _claimant(redis, settings)
    blobs = BlobStore(settings.blobs)
    engine = Engine(redis, blobs, claimant, settings, device=device, use_threads=use_threads)
    facts = _facts(engine, claimant, describe, settings.home)
    app = create_celery(settings.redis_url, engine)

    @signals.setup_logging.connect(weak=False)  # type: ignore[untyped-decorator]
    def keep_logging(**_: Any) -> None:
        """Celery leaves logging alone if somebody listens here."""

    @signals.worker_ready.connect(weak=False)  # type: ignore[untyped-decorator]
    def announce(**_: Any) -> None:
        start_sweeper(redis, blobs, worker=claimant.worker, keep=settings.keep_ms, facts=facts)
        log.info("worker %s is ready on %s", claimant.worker, device)

    @signals.worker_shutting_down.connect(weak=False)  # type: ignore[untyped-decorator]
    def shut_down(**_: Any) -> None:
        # in a thread: this is a signal handler, and the computing thread goes on meanwhile
        threading.Thread(target=_drain, args=(engine, redis, claimant, settings)).start()

    app.worker_main(CELERY_ARGUMENTS)


def _drain(engine: Engine, redis: Any, claimant: owner.Claimant, settings: WorkerSettings) -> None:
    """Let running jobs end, hand the rest back, and leave, whatever a stuck step does."""
    engine.drain()
    wait_until_drained(engine, settings.drain_seconds + FLUSH_SECONDS)
    try:
        for job in engine.keeper.jobs:
            send(redis, owner.hand_back(job.id, job.fence, settings.keep_ms))
        send(redis, upkeep.depart(claimant.worker))
    except AWAY as error:
        log.warning("left without a word, Redis is away: %s", error)
    logging.shutdown()
    os._exit(0)


def _device(wish: str) -> tuple[str, Any, Any]:
    from genart_core.nn import device  # here, since it brings torch in

    try:
        chosen = device.pick_device(wish)
    except ValueError as error:
        sys.exit(str(error))
    return chosen, device.use_threads, device


def _claimant(redis: Any, settings: WorkerSettings) -> owner.Claimant:
    slot = settings.slot or f"{platform.node()}-{secrets.token_hex(4)}"
    epoch = settings.epoch
    if not epoch:
        opened = run_patiently(
            redis, upkeep.open_slot(slot, settings.keep_ms), seconds=STARTUP_SECONDS
        )
        epoch = opened.epoch
    return owner.Claimant(worker=f"{slot}.{epoch}", slot=slot, epoch=epoch)


def _facts(engine: Engine, claimant: owner.Claimant, describe: Any, home: Path) -> Any:
    folders = sorted({kinds()[kind].models for kind in engine.kinds})
    offer = _Offer(engine, describe.free_memory)
    fixed = {
        "id": claimant.worker,
        "slot": claimant.slot,
        "epoch": claimant.epoch,
        "pid": os.getpid(),
        "device": engine.device,
        "device_name": describe.describe(engine.device),
        "kinds": sorted(engine.kinds),
        "version": version("genart"),
        "started_at": int(time.time() * 1000),
    }

    def facts() -> dict[str, Any]:
        files = (weights for folder in folders for weights in models_of(folder, home))
        return {
            **fixed,
            "available": {f"{weights.art}/{weights.name}": weights.sha256 for weights in files},
            "free_memory": offer.bytes(),
            "models": engine.residents.held,
            "jobs": [job.id for job in engine.keeper.jobs],
        }

    return facts


class _Offer:
    """The memory that a job finds: as it was when none was in hand, which will give theirs back."""

    def __init__(self, engine: Engine, free_memory: Callable[[str], int | None]) -> None:
        self._engine = engine
        self._free_memory = free_memory
        self._last: int | None = free_memory(engine.device)

    def bytes(self) -> int | None:
        """Return it, looking anew whenever the worker rests."""
        if not self._engine.keeper.jobs:
            self._last = self._free_memory(self._engine.device)
        return self._last


if __name__ == "__main__":
    main()
