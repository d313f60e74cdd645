"""Claims jobs, hands them to their generators, and sees that each of them is settled."""

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from redis import Redis

from genart_core import logs
from genart_core.artwork import Run
from genart_core.catalogue import Kind, find_kind, kinds, load_generator
from genart_core.errors import GenartError
from genart_core.jobs import owner
from genart_core.jobs.blobs import BlobStore
from genart_core.jobs.figures import batch_figures, load_figures
from genart_core.jobs.record import Job
from genart_core.jobs.store import run as send
from genart_core.tracing import Tracing
from genart_core.words import counted
from worker.heartbeat import Heartbeat, watch
from worker.lease import LeaseKeeper
from worker.ledger import Ledger
from worker.outage import AWAY
from worker.residents import Residents
from worker.run import ActiveRun
from worker.settings import WorkerSettings
from worker.spans import RunSpans
from worker.tally import Tally

Model = TypeVar("Model")
log = logging.getLogger(__name__)

STALE_EXIT_CODE = 75  # our supervisor has started another life of this slot
STAY_SECONDS = 0.01  # some fsyncs of a good disk; the next doorbell is heard that much later
CLAIM_SECONDS = 1.0  # how long a drain waits for a claim under way


class Engine:
    """One device's share of the work. `look` runs in one thread at a time."""

    def __init__(
        self,
        redis: Redis,
        blobs: BlobStore,
        claimant: owner.Claimant,
        settings: WorkerSettings,
        *,
        device: str,
        use_threads: Callable[[int], object],
        tracing: Tracing | None = None,
    ) -> None:
        self._redis = redis
        self._blobs = blobs
        self._claimant = claimant
        self._settings = settings
        self._use_threads = use_threads
        self._tracing = tracing
        self.is_draining = False
        self._claiming = threading.Lock()
        self.device = device
        self.kinds = {name: kinds()[name].batch_limit for name in settings.kinds or kinds()}
        self.residents = Residents(settings.home, device, settings.resident_bytes)
        self.heartbeat = Heartbeat()
        self.tally = Tally()
        self.keeper = LeaseKeeper(redis, settings.lease_ms)
        self.ledger = Ledger(
            redis,
            blobs,
            keep=settings.keep_ms,
            outage_seconds=settings.outage_seconds,
            settled=self.keeper.release,
            device=device,
            tracing=tracing,
        )
        watch(self.heartbeat, settings.step_timeout_seconds)

    def look(self) -> None:
        """Make jobs until none is left; this is what a doorbell asks for.

        The endings are written meanwhile, and a caller whose job has just ended often has another.
        To be still here then saves its doorbell's way through Celery, so they are waited for before
        the last claim, unless they take longer than `STAY_SECONDS`.
        """
        try:
            while True:
                if jobs := self.claim(max(self.kinds.values())):
                    self._make(jobs)
                elif not self.ledger.saw_endings(STAY_SECONDS):
                    break
        finally:
            self.heartbeat.rest()

    def drain(self) -> None:
        """Claim nothing more; what still runs in `drain_seconds` is handed back."""
        self.is_draining = True
        log.info("draining, %s in hand", counted(len(self.keeper.jobs), "job"))
        self.keeper.drain(self._settings.drain_seconds)
        # a claim under way is waited for: what it brings has to be in hand
        if self._claiming.acquire(timeout=CLAIM_SECONDS):
            self._claiming.release()

    def claim(self, limit: int, join: tuple[str, str] = ("", "")) -> tuple[Job, ...]:
        """Claim jobs, or none while draining or while Redis is away (the reaper rings again)."""
        if limit < 1:
            return ()
        call = owner.claim(
            self._claimant,
            self.kinds,
            lease_ms=self._settings.lease_ms,
            limit=limit,
            keep=self._settings.keep_ms,
            join=join,
        )
        with self._claiming:
            if self.is_draining:
                return ()
            try:
                claimed = send(self._redis, call)
            except AWAY as error:
                log.warning("nothing claimed, Redis is away: %s", error)
                return ()
            if claimed.outcome == "stale":
                log.critical("slot %s has a newer life; leaving", self._claimant.slot)
                os._exit(STALE_EXIT_CODE)
            for job in claimed.jobs:
                self.keeper.hold(job)
        return claimed.jobs

    def open_runs(self, kind: Kind, jobs: Sequence[Job]) -> list[ActiveRun]:
        """Turn claimed jobs into runs under a kept lease; an unreadable request fails here."""
        runs = []
        for job in jobs:
            log.info("begun", extra=logs.about(job, status="running"))
            try:
                request = kind.request.model_validate(job.request)
            except ValidationError as error:
                self.ledger.fail(job, code="invalid_request", detail=str(error))
                continue
            run = ActiveRun(
                job,
                request,
                redis=self._redis,
                blobs=self._blobs,
                ledger=self.ledger,
                heartbeat=self.heartbeat,
                spans=RunSpans(self._tracing, job, self.device) if self._tracing else None,
            )
            self.keeper.hold(job, run)
            runs.append(run)
        return runs

    def _make(self, jobs: Sequence[Job]) -> None:
        self.heartbeat.beat()
        kind = find_kind(jobs[0].kind)
        batch = Batch(self, kind, self.open_runs(kind, jobs))
        if not batch.runs:
            return
        self._use_threads(kind.threads)
        try:
            load_generator(kind.name)(batch.runs, batch)
        except GenartError as error:
            batch.settle(error.code, str(error))
        except Exception as error:
            in_hand = " ".join(job.id for job in jobs)
            told = {"kind": kind.name, "job_ids": in_hand}
            log.exception("a generator broke", extra={"fields": told})
            batch.settle(*_blame(error))
        batch.settle("internal", f"The generator of {kind.name} left this job unfinished")
        self.tally.add(batch_figures(kind.name, batch.size))


class Batch:
    """Runs made together; the workbench of their generator (`genart_core.artwork.Workbench`)."""

    def __init__(self, engine: Engine, kind: Kind, runs: list[ActiveRun]) -> None:
        self.runs: Sequence[ActiveRun] = tuple(runs)
        self._all = runs
        self._engine = engine
        self._kind = kind
        self._weights: dict[str, str] = {}
        self._share_out()

    @property
    def device(self) -> str:
        """The torch device to compute on."""
        return self._engine.device

    def model(self, art: str, name: str, load: Callable[[Path, str], Model]) -> Model:
        """Return a resident model."""
        self._engine.heartbeat.beat()

        def load_noted(path: Path, device: str) -> Model:
            began = time.time()
            made = load(path, device)
            self._note_load(f"{art}/{name}", began, time.time())
            return made

        model, sha256 = self._engine.residents.get(art, name, load_noted)
        self._weights[f"{art}/{name}"] = sha256
        for run in self._all:
            run.weights |= self._weights
        self._engine.heartbeat.beat()
        return model

    def more(self, room: int) -> Sequence[Run]:
        """Claim further runs for this batch."""
        self._engine.heartbeat.beat()
        if not self._all:
            return ()
        jobs = self._engine.claim(room, (self._kind.name, self._all[0].job.batch_key))
        joined = self._engine.open_runs(self._kind, jobs)
        for run in joined:
            run.weights |= self._weights
        self._all.extend(joined)
        self._share_out()
        return joined

    def settle(self, code: str, detail: str) -> None:
        """End what the generator has not: as it was asked to stop, else as failed."""
        for run in self._all:
            if run.was_stopped:
                run.settle_stopped()
            else:
                run.fail(code, detail)

    @property
    def size(self) -> int:
        """The most jobs that it had in hand at a time."""
        return max(run.companions for run in self._all)

    def _note_load(self, model: str, began: float, ended: float) -> None:
        self._engine.tally.add(load_figures(model, ended - began))
        told = {"model": model, "duration_ms": round((ended - began) * 1000, 1)}
        log.info("loaded a model", extra={"fields": told})
        for run in self._all:
            run.is_cold = True
            if run.spans is not None:
                run.spans.note_load(model, began, ended)

    def _share_out(self) -> None:
        in_hand = [run for run in self._all if not run.is_settled]
        for run in in_hand:
            run.companions = max(run.companions, len(in_hand))


def _blame(error: Exception) -> tuple[str, str]:
    # by name, since torch is not imported here
    if type(error).__name__ == "OutOfMemoryError":
        return "out_of_memory", "The device has not enough memory for this request"
    return "internal", "The generator broke; the worker's log says how"


def wait_until_drained(engine: Engine, seconds: float) -> None:
    """Return when no job is in hand any more, or after `seconds`."""
    give_up = time.monotonic() + seconds
    while engine.keeper.jobs and time.monotonic() < give_up:
        time.sleep(0.02)
