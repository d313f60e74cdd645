"""How a job looks while it is being made: pictures that replace each other."""

import hashlib
import logging
import time

from redis import Redis

from genart_core import logs
from genart_core.artwork import Output
from genart_core.jobs import owner
from genart_core.jobs.blobs import BlobStore
from genart_core.jobs.record import Job, StoredOutput
from genart_core.jobs.store import run as send
from worker.outage import AWAY

log = logging.getLogger(__name__)

PREVIEW_SECONDS = 0.5


class Previews:
    """The previews of one attempt. Only the latest is kept; none outlives the attempt."""

    def __init__(self, job: Job, redis: Redis, blobs: BlobStore) -> None:
        self._job = job
        self._redis = redis
        self._blobs = blobs
        self._count = 0
        self._shown_at = 0.0
        self._paths: list[str] = []

    @property
    def is_due(self) -> bool:
        """Whether the last one has been there for its time."""
        return time.monotonic() - self._shown_at >= PREVIEW_SECONDS

    def show(self, picture: Output) -> bool:
        """Show a picture in place of the one before; return False if the job is not ours any more.

        What can't be stored or told at present is left out: the artwork doesn't depend on it.
        """
        self._shown_at = time.monotonic()
        try:
            stored = self._store(picture)
            if send(self._redis, owner.show(self._job.id, self._job.fence, stored)) == "lost":
                return False
            self._remove(keep=stored.path)
        except (*AWAY, OSError) as error:
            log.warning("a preview is left out: %s", error, extra=logs.about(self._job))
        return True

    def clear(self) -> None:
        """Remove what is there."""
        try:
            self._remove(keep="")
        except OSError as error:
            log.warning("a preview is left behind: %s", error, extra=logs.about(self._job))

    def _store(self, picture: Output) -> StoredOutput:
        job = self._job
        path = self._blobs.write_preview(job.id, job.fence, self._count, picture.data)
        self._count += 1
        self._paths.append(path)
        return StoredOutput(
            path=path,
            media_type=picture.media_type,
            bytes=len(picture.data),
            sha256=hashlib.sha256(picture.data).hexdigest(),
            width=picture.width,
            height=picture.height,
        )

    def _remove(self, keep: str) -> None:
        for path in [path for path in self._paths if path != keep]:
            self._blobs.delete_file(path)
            self._paths.remove(path)
