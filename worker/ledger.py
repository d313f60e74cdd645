"""How runs end: outputs are stored and the record is settled, in the background.

Files are synced to disk, which takes longer than many a small artwork; a few threads do it while
the next batch is being computed. A job's lease is kept until its ending is written.
"""

import hashlib
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from importlib.metadata import version
from typing import Literal

from redis import Redis

from genart_core import logs
from genart_core.artwork import Artwork, Output
from genart_core.jobs import owner
from genart_core.jobs.blobs import BlobStore
from genart_core.jobs.record import Job, StoredOutput, encode_result
from genart_core.jobs.store import Call, Keep
from genart_core.jobs.store import run as send
from genart_core.signature import sign, statement
from genart_core.tracing import Tracing
from worker.outage import AWAY, run_patiently
from worker.spans import attributes

log = logging.getLogger(__name__)

THREADS = 4
RESULT_LIMIT_BYTES = 64 * 1024


class Ledger:
    """Writes the endings of jobs; `settled` is told of each job whose ending is written."""

    def __init__(
        self,
        redis: Redis,
        blobs: BlobStore,
        *,
        keep: Keep,
        outage_seconds: float,
        settled: Callable[[Job], object],
        device: str,
        tracing: Tracing | None = None,
    ) -> None:
        self._redis = redis
        self._blobs = blobs
        self._keep = keep
        self._outage_seconds = outage_seconds
        self._settled = settled
        self._device = device
        self._tracing = tracing
        self._version = version("genart")
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="ledger")
        self._pending: set[Future[None]] = set()

    def commit(
        self,
        job: Job,
        artwork: Artwork,
        *,
        share_ms: float,
        weights: dict[str, str],
        rest: Call[Literal["ok", "lost"]] | None = None,
    ) -> None:
        """Store the outputs and make them the job's; `weights` are the sha256 of those used.

        `rest` reports the end of a partial text, so that those who follow it have all of it.
        """
        self._later(self._commit, job, artwork, share_ms, weights, rest)

    def fail(self, job: Job, *, code: str, detail: str) -> None:
        """End a job as failed."""
        self._later(self._end, job, "failed", code, detail)

    def cancel(self, job: Job) -> None:
        """End a job that its caller canceled."""
        self._later(self._end, job, "canceled", "canceled", "Canceled by the caller")

    def expire(self, job: Job) -> None:
        """End a job that is past its deadline."""
        self._later(self._end, job, "expired", "deadline_missed", "Missed its deadline at work")

    def hand_back(self, job: Job) -> None:
        """Return a job to its place in the line."""
        self._later(self._hand_back, job)

    def let_go(self, job: Job) -> None:
        """Forget a job that is no longer ours."""
        self._later(self._let_go, job)

    def wait(self) -> None:
        """Return when every ending so far is written."""
        for future in list(self._pending):
            future.result()

    def saw_endings(self, seconds: float) -> bool:
        """Wait up to `seconds` for the endings under way; return whether any was written."""
        pending = list(self._pending)
        return bool(pending) and bool(wait(pending, seconds).done)

    def _later(self, work: Callable[..., None], job: Job, *args: object) -> None:
        future = self._threads.submit(self._guarded, work, job, *args)
        self._pending.add(future)
        future.add_done_callback(self._pending.discard)

    def _guarded(self, work: Callable[..., None], job: Job, *args: object) -> None:
        began, failure = time.time(), ""
        try:
            work(job, *args)
        except (*AWAY, OSError) as error:
            failure = type(error).__name__
            told = logs.about(job)
            log.exception("an ending is not written; the lease will run out", extra=told)
        finally:
            self._settled(job)
        if self._tracing is not None and job.trace:
            times = (began, time.time())
            self._tracing.record("commit", job.trace, times, attributes(job), failure=failure)

    def _commit(
        self,
        job: Job,
        artwork: Artwork,
        share_ms: float,
        weights: dict[str, str],
        rest: Call[Literal["ok", "lost"]] | None,
    ) -> None:
        if rest is not None:
            with suppress(*AWAY):  # the result has it too
                send(self._redis, rest)
        try:
            result = encode_result(artwork.result)
            if len(result) > RESULT_LIMIT_BYTES:
                raise ValueError(f"the result of {job.kind} is above {RESULT_LIMIT_BYTES} bytes")
            made = statement(job.kind, job.request, version=self._version, weights=weights)
            outputs = tuple(
                self._store(job, number, output, made)
                for number, output in enumerate(artwork.outputs)
            )
        except (OSError, TypeError, ValueError) as error:
            log.exception("outputs can't be stored", extra=logs.about(job))
            self._blobs.delete_attempt(job.id, job.fence)
            self._end(job, "failed", "output_not_stored", f"Storing failed: {error}")
            return
        call = owner.commit(
            job.id,
            job.fence,
            outputs,
            result,
            provenance={"version": self._version, "device": self._device, "weights": weights},
            share_ms=share_ms,
            keep=self._keep,
        )
        self._written(
            job, "succeeded", run_patiently(self._redis, call, seconds=self._outage_seconds)
        )

    def _store(self, job: Job, number: int, output: Output, made: bytes) -> StoredOutput:
        is_picture = output.media_type.startswith("image/")
        data = sign(output.data, made) if is_picture else output.data
        return StoredOutput(
            path=self._blobs.write(job.id, job.fence, number, data),
            media_type=output.media_type,
            bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            width=output.width,
            height=output.height,
        )

    def _end(self, job: Job, status: owner.Ending, code: str, detail: str) -> None:
        call = owner.fail(
            job.id, job.fence, status=status, code=code, detail=detail, keep=self._keep
        )
        self._written(job, status, run_patiently(self._redis, call, seconds=self._outage_seconds))

    def _hand_back(self, job: Job) -> None:
        # shutting down: an outage now is the reaper's business
        run_patiently(self._redis, owner.hand_back(job.id, job.fence, self._keep), seconds=0.5)
        log.info("handed back", extra=logs.about(job, status="queued"))

    def _let_go(self, job: Job) -> None:
        self._blobs.delete_attempt(job.id, job.fence)
        log.warning("not ours any more", extra=logs.about(job, status="lost"))

    def _written(self, job: Job, status: str, outcome: owner.Finish) -> None:
        if outcome != "ok":
            # canceled or lost: what this attempt stored is nobody's
            self._blobs.delete_attempt(job.id, job.fence)
        ending = status if outcome == "ok" else outcome
        duration_ms = time.time() * 1000 - job.started_at
        log.info("ended", extra=logs.about(job, status=ending, duration_ms=duration_ms))
