"""What is worked out of a run: percentiles, goodput, fairness."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from loadtest.oracle import Accepted, moment


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of them does not exceed; none: nan."""
    if not values:
        return math.nan
    return sorted(values)[max(math.ceil(share * len(values)), 1) - 1]


def jain(values: Sequence[float]) -> float:
    """Return Jain's index of fairness: 1 = all have the same, 1/n = one has everything.

    R. Jain, D. Chiu, W. Hawe: A Quantitative Measure of Fairness, DEC-TR-301, 1984.
    """
    squares = len(values) * sum(value * value for value in values)
    return sum(values) ** 2 / squares if squares else math.nan


@dataclass(frozen=True)
class Window:
    """A span of the service's own time, in seconds since 1970."""

    begin: float
    end: float

    @classmethod
    def of(cls, accepted: Sequence[Accepted], ramp_seconds: float) -> "Window":
        """Return the span in which these were submitted, without its first seconds."""
        created = [moment(a.job["created_at"]) for a in accepted if a.job]
        return cls(min(created) + ramp_seconds, max(created))

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.begin

    def goodput(self, accepted: Sequence[Accepted], deadline_seconds: float) -> float:
        """Return jobs a second that ended within it as promised, and soon enough to be of use."""
        ended = sum(
            a.job is not None
            and a.is_good
            and a.seconds <= deadline_seconds
            and self.begin < moment(a.job["finished_at"]) <= self.end
            for a in accepted
        )
        return ended / self.seconds
