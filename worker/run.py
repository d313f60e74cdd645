"""One claimed job while it is being made: what the generator sees of it."""

import time
from typing import Any, Literal

from redis import Redis

from genart_core.artwork import Artwork, Output
from genart_core.errors import ArtError
from genart_core.jobs import owner
from genart_core.jobs.blobs import BlobStore, asset_path
from genart_core.jobs.record import Job
from genart_core.jobs.store import run as send
from genart_core.request import ArtRequest
from worker.heartbeat import Heartbeat
from worker.ledger import Ledger
from worker.outage import AWAY
from worker.previews import Previews
from worker.spans import RunSpans

Stop = Literal["cancel", "late", "lost", "drain"]

PROGRESS_SECONDS = 0.2  # version rises at most five times a second
TOKEN_SECONDS = 0.05


class ActiveRun:
    """Implements `genart_core.artwork.Run` over the job engine.

    The lease keeper's thread calls `stop`; everything else belongs to the generator's thread.
    """

    def __init__(
        self,
        job: Job,
        request: ArtRequest,
        *,
        redis: Redis,
        blobs: BlobStore,
        ledger: Ledger,
        heartbeat: Heartbeat,
        spans: RunSpans | None = None,
    ) -> None:
        self.job = job
        self.companions = 1
        self.is_cold = False  # it had a model loaded
        self.is_settled = False
        self.weights: dict[str, str] = {}
        self.spans = spans
        self._request = request
        self._redis = redis
        self._blobs = blobs
        self._ledger = ledger
        self._heartbeat = heartbeat
        self._previews = Previews(job, redis, blobs)
        self._stop: Stop | None = None
        self._started = time.monotonic()
        self._progress: tuple[int, int] | None = None
        self._progress_sent = self._tokens_sent = 0.0
        self._chunks: dict[int, str] = {}
        self._offsets: dict[int, int] = {}

    @property
    def request(self) -> Any:
        """The validated request."""
        return self._request

    def input(self, ref: str) -> bytes:
        """Return the file of a picture that the request names."""
        self._heartbeat.beat()
        try:
            return b"".join(self._blobs.read(asset_path(ref.removeprefix("asset:"))))
        except FileNotFoundError:
            raise ArtError("input_gone", f"The picture {ref} is no longer stored") from None

    @property
    def stopped(self) -> bool:
        """Whether to drop this run; the first time it says so, the job is ended or handed back."""
        self._heartbeat.beat()
        if self._stop is None:
            return False
        self.settle_stopped()
        return True

    def stop(self, reason: Stop) -> None:
        """Ask for the end of this run; the first reason counts."""
        if self._stop is None:
            self._stop = reason

    def progress(self, step: int, total: int) -> None:
        """Note progress; sent at most every 200 ms."""
        self._heartbeat.beat()
        self._progress = (step, total)
        self._report()

    def token(self, sample: int, text: str) -> None:
        """Note partial text; sent at most every 50 ms."""
        self._heartbeat.beat()
        self._chunks[sample] = self._chunks.get(sample, "") + text
        self._report()

    @property
    def wants_preview(self) -> bool:
        """Whether a preview would be shown now: at most one in 500 ms is."""
        self._heartbeat.beat()
        return self._previews.is_due and self._stop is None and not self.is_settled

    def preview(self, data: bytes, media_type: str, *, width: int, height: int) -> None:
        """Show how the artwork looks so far; dropped unless one is wanted."""
        if self.wants_preview and not self._previews.show(Output(data, media_type, width, height)):
            self.stop("lost")

    def finish(self, artwork: Artwork) -> None:
        """Store the artwork and commit the job, in the background."""
        if self._settle("finished"):
            share_ms = (time.monotonic() - self._started) * 1000 / self.companions
            if self.is_cold:  # longer than others by what was loaded, and by all that is new to it
                share_ms = 0.0
            rest = owner.report(self.job.id, self.job.fence, progress=None, chunks=self._pending())
            self._ledger.commit(
                self.job,
                artwork,
                share_ms=share_ms,
                weights=self.weights,
                rest=rest if self._chunks else None,
            )

    def fail(self, code: str, detail: str) -> None:
        """End the job as failed."""
        if self._settle("failed", code):
            self._ledger.fail(self.job, code=code, detail=detail)

    def settle_stopped(self) -> None:
        """End, hand back or let go of a run that was asked to stop."""
        if not self._settle(self._stop or ""):
            return
        if self._stop == "cancel":
            self._ledger.cancel(self.job)
        elif self._stop == "late":
            self._ledger.expire(self.job)
        elif self._stop == "drain":
            self._ledger.hand_back(self.job)
        else:
            self._ledger.let_go(self.job)

    @property
    def was_stopped(self) -> bool:
        """Whether a stop was asked for, seen by the generator or not."""
        return self._stop is not None

    def _settle(self, outcome: str, failure: str = "") -> bool:
        self._heartbeat.beat()
        first, self.is_settled = not self.is_settled, True
        self._previews.clear()
        if first and self.spans is not None:
            self.spans.tell(outcome, companions=self.companions, failure=failure)
        return first

    def _report(self) -> None:
        now = time.monotonic()
        progress_due = self._progress and now - self._progress_sent >= PROGRESS_SECONDS
        tokens_due = self._chunks and now - self._tokens_sent >= TOKEN_SECONDS
        if self.is_settled or not (progress_due or tokens_due):
            return
        chunks = self._pending()
        progress = self._progress if progress_due else None
        if progress:
            self._progress_sent = now
        self._tokens_sent = now
        call = owner.report(self.job.id, self.job.fence, progress=progress, chunks=chunks)
        try:
            state = send(self._redis, call)
        except AWAY:
            return  # nothing is dropped: it goes out with the next report
        if state == "lost":
            self.stop("lost")
        for chunk in chunks:
            self._offsets[chunk.sample] = chunk.offset + len(chunk.text)
        self._chunks.clear()
        if progress:
            self._progress = None

    def _pending(self) -> list[owner.Chunk]:
        """Partial text that was not sent yet."""
        return [
            owner.Chunk(sample, self._offsets.get(sample, 0), text)
            for sample, text in self._chunks.items()
        ]
