"""When a job will be done, judged by the run times of those before it."""

from dataclasses import dataclass

from genart_core.jobs.record import Placed


@dataclass(frozen=True, slots=True)
class Eta:
    """Seconds from now until the job is done: an interval, not a promise."""

    low: float
    high: float


def estimate(placed: Placed) -> Eta | None:
    """Return when a queued or running job will be done; None before anything was measured.

    Waiting is `position` times the worker time that such jobs took, shared among the live workers;
    running is the measured time per unit of cost times this job's cost, less what has passed.
    """
    job, pace = placed.job, placed.pace
    if pace is None or job.is_terminal:
        return None
    passed = placed.now - job.started_at if job.status == "running" else 0
    before = (placed.position or 0) / max(placed.live_workers, 1)
    low = before * pace.share_low + max(pace.unit_low * job.cost - passed, 0.0)
    high = before * pace.share_high + max(pace.unit_high * job.cost - passed, 0.0)
    return Eta(low=round(low / 1000, 3), high=round(high / 1000, 3))
