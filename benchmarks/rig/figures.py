"""Figures: measured pairs, judged by the ratio within each round, and printed as one table."""

import contextlib
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

HEAD = ["figure", "ours", "beside", "ratio (rounds)", "bar", ""]


@dataclass
class Figure:
    """Ours beside another, round by round; without a bar it is only told.

    Ratios are judged: rounds alternate, so what else the machine does weighs on both. The bar is
    the most that the ratio may be, or with `at_least` the least.
    """

    name: str
    unit: str
    beside: str
    bar: float | None = None
    at_least: bool = False
    _ours: list[float] = field(default_factory=list)
    _other: list[float] = field(default_factory=list)

    def add(self, ours: float, other: float) -> None:
        """Note one round."""
        self._ours.append(ours)
        self._other.append(other)

    @property
    def is_met(self) -> bool:
        """Whether the median round reaches the bar."""
        if self.bar is None:
            return True
        ratio = statistics.median(self._ratios())
        return ratio >= self.bar if self.at_least else ratio <= self.bar

    def row(self) -> list[str]:
        """Return the figure as a row of the table."""
        ratios = self._ratios()
        return [
            self.name,
            f"{statistics.median(self._ours):.4g} {self.unit}",
            f"{statistics.median(self._other):.4g} {self.unit} ({self.beside})",
            f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})",
            "-" if self.bar is None else f"{'>=' if self.at_least else '<='} {self.bar:g}",
            "-" if self.bar is None else _verdict(self.is_met),
        ]

    def _ratios(self) -> list[float]:
        return [ours / other for ours, other in zip(self._ours, self._other, strict=True)]


@dataclass(frozen=True)
class Memory:
    """The one figure judged by itself: a process' resident memory."""

    name: str
    bar_mb: float
    ours_bytes: int
    other_bytes: int
    beside: str

    @property
    def is_met(self) -> bool:
        """Whether it is small enough."""
        return self.ours_bytes <= self.bar_mb * 1e6

    def row(self) -> list[str]:
        """Return the figure as a row of the table."""
        return [
            self.name,
            f"{self.ours_bytes / 1e6:.1f} MB",
            f"{self.other_bytes / 1e6:.1f} MB ({self.beside})",
            f"{self.ours_bytes / self.other_bytes:.2f}",
            f"<= {self.bar_mb:g} MB",
            _verdict(self.is_met),
        ]


class Clocked(Protocol):
    """A process whose processor time is known."""

    @property
    def cpu_seconds(self) -> float:
        """User and system time so far."""


class Costs:
    """CPU time per job of each process of a service, by what was measured."""

    def __init__(self) -> None:
        self._seconds: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        self._jobs: dict[str, int] = defaultdict(int)

    @contextlib.contextmanager
    def noted(self, what: str, parts: Mapping[str, Clocked]) -> Iterator[Callable[[int], None]]:
        """Note what the processes use inside; tell the yielded function how many jobs it was."""

        def note(jobs: int) -> None:
            self._jobs[what] += jobs

        before = {name: process.cpu_seconds for name, process in parts.items()}
        yield note
        for name, process in parts.items():
            self._seconds[what][name] += process.cpu_seconds - before[name]

    def table(self) -> str:
        """Lay the costs out."""
        names = list(dict.fromkeys(name for used in self._seconds.values() for name in used))
        rows = [
            [what, *(f"{used[name] / self._jobs[what] * 1e6:.0f} µs" for name in names)]
            for what, used in self._seconds.items()
        ]
        return table(["CPU per job", *names], rows)


def table(head: list[str], rows: list[list[str]]) -> str:
    """Lay rows out as a Markdown table that also reads well as it is."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [head, ["-" * width for width in widths], *rows]
    return "\n".join(f"| {' | '.join(map(str.ljust, line, widths))} |".rstrip() for line in lines)


def _verdict(is_met: bool) -> str:
    return "pass" if is_met else "FAIL"
