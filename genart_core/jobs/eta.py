"""When a job will be done, judged by the run times of those before it.

What is learned, and how an interval comes of it, is in `lua/foresight.lua`.
"""

from dataclasses import dataclass

from genart_core.jobs.record import Placed

_UNREPORTED_MS = 250  # progress is told at most so often
_OVERDUE = 0.25  # what has taken longer than it should is given this share of it again


@dataclass(frozen=True, slots=True)
class Eta:
    """Seconds from now until the job is done: an interval, not a promise."""

    low: float
    high: float


def estimate(placed: Placed) -> Eta | None:
    """Return when a queued or running job will be done; None if nothing can be told.

    Of a running job, time goes by and steps are done; neither is exact, as steps may take longer
    the later they come, so the interval is as wide as both allow.
    """
    job, foreseen = placed.job, placed.foreseen
    if foreseen is None or job.is_terminal:
        return None
    low, high = float(foreseen.low), float(foreseen.high)
    if job.status == "running":
        passed = max(placed.now - job.started_at, 0)
        left = 1 - min(job.step / job.total, 1.0) if job.total else _OVERDUE
        soonest = left * low - _UNREPORTED_MS if job.total else low
        low, high = min(low - passed, soonest), max(high - passed, left * high)
    return Eta(low=round(max(low, 0.0) / 1000, 3), high=round(high / 1000, 3))
