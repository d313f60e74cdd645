"""A test in the part of the worker: it takes jobs and ends them as a worker would."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from genart_core.jobs import owner
from genart_core.jobs.blobs import BlobStore
from genart_core.jobs.record import Job, StoredOutput, encode_result
from tests.support.gateway import RunningGateway
from tests.support.table import Table
from tests.support.waiting import wait_for


@dataclass(frozen=True)
class Player:
    """Works on the same table and blob store as the gateway under test."""

    table: Table
    blobs: BlobStore
    version: str = "0"
    weights: dict[str, str] = field(default_factory=dict)

    def take(self, kind: str = "text") -> Job:
        """Claim the next job."""
        return self.table.take(kinds={kind: 16})

    def finish(
        self, job: Job, *texts: str | bytes, media_type: str = "text/plain; charset=utf-8"
    ) -> None:
        """Store one output per text and commit."""
        outputs = []
        for number, text in enumerate(texts or ("made",)):
            data = text.encode() if isinstance(text, str) else text
            path = self.blobs.write(job.id, job.fence, number, data)
            digest = hashlib.sha256(data).hexdigest()
            outputs.append(StoredOutput(path, media_type, len(data), digest))
        call = owner.commit(
            job.id,
            job.fence,
            tuple(outputs),
            encode_result({"samples": [{"text": t} for t in texts if isinstance(t, str)]}),
            provenance={"version": self.version, "device": "cpu", "weights": self.weights},
            share_ms=5.0,
            keep=self.table.keep,
        )
        assert self.table.send(call) == "ok"

    def make(self, *texts: str) -> Job:
        """Take the next job and finish it."""
        job = self.take()
        self.finish(job, *texts)
        return job


def when_somebody_waits(gateway: RunningGateway, act: Callable[[], object]) -> threading.Thread:
    """Act, in a thread, as soon as a caller waits at the gateway."""

    def work() -> None:
        wait_for(lambda: gateway.sleepers, 30, "somebody waits")
        act()

    thread = threading.Thread(target=work)
    thread.start()
    return thread
