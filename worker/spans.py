"""The spans of one attempt at a job; they are told when it is over."""

import time

from genart_core.jobs.record import Job
from genart_core.tracing import Tracing


class RunSpans:
    """`wait` and `run`, both below the submit, and below `run` a `load` for each model it loaded.

    An attempt that dies with its process tells of nothing.
    """

    def __init__(self, tracing: Tracing, job: Job, device: str) -> None:
        self._tracing = tracing
        self._job = job
        self._device = device
        self._began = time.time()
        self._loads: list[tuple[str, float, float]] = []

    def note_load(self, model: str, began: float, ended: float) -> None:
        """Note that a model was loaded for this attempt, and maybe others."""
        self._loads.append((model, began, ended))

    def tell(self, outcome: str, *, companions: int, failure: str = "") -> None:
        """Tell of an attempt that ends now."""
        job = self._job
        if not job.trace:
            return
        about = attributes(job) | {"genart.outcome": outcome}
        # by Redis' clock, which is not quite ours
        waited = (job.created_at / 1000, min(job.started_at / 1000, self._began))
        self._tracing.record("wait", job.trace, waited, about)
        about |= {"genart.batch_size": companions, "genart.device": self._device}
        made = (self._began, time.time())
        run = self._tracing.record("run", job.trace, made, about, failure=failure)
        for model, *times in self._loads:
            told = {"genart.model": model}
            self._tracing.record("load", run, (times[0], times[1]), told)


def attributes(job: Job) -> dict[str, str | int | float | bool]:
    """Return what every span of a job says."""
    return {
        "genart.job_id": job.id,
        "genart.kind": job.kind,
        "genart.attempt": job.attempt,
        "genart.worker": job.worker,
        "genart.request_id": job.request_id,
    }
