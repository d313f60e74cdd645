"""On how many threads steps go faster, found by trying.

Two threads wait for each other after each matrix. Where both have a core each cache holds its half
of the weights, and a step takes little more than half as long; beside other work one waits for the
other to be run, and a step takes several times as long. Which of it is the case may change at any
time.
"""

from collections.abc import Callable

TRIAL_STEPS = 16
GAIN = 0.95  # what a change has to bring at the least
FEWEST, MOST = 2, 32  # stretches between two trials: more of them the longer nothing changes


class Pace:
    """Chooses between one thread and as many as are `given`, for stretches of steps that are timed.

    `use` sets the number of threads. A trial is a short stretch on the other number.
    """

    def __init__(self, use: Callable[[int], object]) -> None:
        self.given = 1
        self.count = 1
        self.is_trial = False
        self._use = use
        self._usual: float | None = None
        self._between = FEWEST
        self._left = 0

    def give(self, threads: int) -> None:
        """Allow so many threads from now on."""
        self.given = threads
        self.count = threads if self.count > 1 else 1
        self.forget()

    def forget(self) -> None:
        """Forget how long a step took, as other ones follow."""
        self._usual = None

    def begin(self, steps: int) -> int:
        """Begin a stretch of at most so many steps; return how many it is to have."""
        self.is_trial = self.given > 1 and self._left <= 0 and self._usual is not None
        self._use(self.count if not self.is_trial else self._other)
        return min(steps, TRIAL_STEPS) if self.is_trial else steps

    def end(self, seconds: float) -> None:
        """End the stretch, each step of which took so many seconds."""
        if not self.is_trial or self._usual is None:
            self._usual = seconds
            self._left -= 1
            return
        self._between = min(2 * self._between, MOST)
        if seconds < GAIN * self._usual:
            self.count, self._usual, self._between = self._other, seconds, FEWEST
        self._left = self._between

    @property
    def _other(self) -> int:
        return 1 if self.count > 1 else self.given
