"""What the chaos tests found: one row per case, printed at the end of the run."""

from dataclasses import dataclass, field
from statistics import median


@dataclass
class Row:
    """One case. `recovery` is in seconds from each blow to what `until` says."""

    case: str
    blow: str
    until: str
    jobs: int = 0
    lost: int = 0
    twice: int = 0
    recovery: list[float] = field(default_factory=list)


def written(rows: list[Row]) -> list[str]:
    """Return the rows as a Markdown table."""
    head = (
        *("case", "what was done", "jobs", "lost", "committed twice"),
        *("seconds until …", "p50", "max"),
    )
    lines = [head, tuple("---" for _ in head), *(_cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return [
        "| " + " | ".join(c.ljust(w, _filler(c)) for c, w in zip(line, widths, strict=True)) + " |"
        for line in lines
    ]


def _cells(row: Row) -> tuple[str, ...]:
    times = (
        (f"{median(row.recovery):.2f}", f"{max(row.recovery):.2f}") if row.recovery else ("", "")
    )
    counts = (str(row.jobs), str(row.lost), str(row.twice))
    return (row.case, row.blow, *counts, row.until, *times)


def _filler(cell: str) -> str:
    return "-" if cell == "---" else " "
