"""When a job will be done, judged by the run times of those before it.

What is learned, and how an interval comes of it, is in `lua/foresight.lua`.
"""

from dataclasses import dataclass

from genart_core.jobs.record import Placed


@dataclass(frozen=True, slots=True)
class Eta:
    """Seconds from now until the job is done: an interval, not a promise."""

    low: float
    high: float


def estimate(placed: Placed) -> Eta | None:
    """Return when a queued or running job will be done; None if nothing can be told."""
    foreseen = placed.foreseen
    if foreseen is None or placed.job.is_terminal:
        return None
    return Eta(low=foreseen.low / 1000, high=foreseen.high / 1000)
