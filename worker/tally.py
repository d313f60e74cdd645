"""What a worker counts itself, until its next announcement tells of it."""

import threading
from collections import Counter
from collections.abc import Mapping


class Tally:
    """Totals of this process' life; any thread may add to them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals: Counter[str] = Counter()
        self._told: dict[str, int] = {}

    def add(self, figures: Mapping[str, int]) -> None:
        """Add to figures, named as `genart_core.jobs.figures` does."""
        with self._lock:
            self._totals.update(figures)

    def untold(self) -> dict[str, int]:
        """Return the totals that have risen since they were told."""
        with self._lock:
            return {n: total for n, total in self._totals.items() if total != self._told.get(n)}

    def note_told(self, totals: Mapping[str, int]) -> None:
        """Note that these have arrived."""
        with self._lock:
            self._told.update(totals)
