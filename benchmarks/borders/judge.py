"""What is judged at the end of an attack, and how it is told."""

import statistics
from collections import Counter
from dataclasses import dataclass

from benchmarks.borders.send import Tally
from benchmarks.borders.service import Life
from benchmarks.borders.slow import Peers
from benchmarks.rig.figures import table

GROWTH_MB = {"gateway": 32.0, "worker": 64.0}
P95_MS = 500.0


@dataclass
class Watch:
    """One figure, its bar, and whether it is met."""

    name: str
    value: str
    bar: str
    is_met: bool

    def row(self) -> list[str]:
        """Return a row of the table."""
        return [self.name, self.value, self.bar, "pass" if self.is_met else "FAIL"]


def memory(before: dict[str, int], after: dict[str, int]) -> list[Watch]:
    """Watch by how much each process has grown."""
    watches = []
    for role, first in before.items():
        last = after.get(role, 0)
        grown, bar = (last - first) / 1e6, GROWTH_MB.get(role)
        value = f"{first / 1e6:.1f} -> {last / 1e6:.1f} MB ({grown:+.1f})"
        said = "-" if bar is None else f"<= {bar:+g} MB"
        watches.append(Watch(f"memory of the {role}", value, said, bar is None or grown <= bar))
    return watches


def lives(before: Life, after: Life) -> Watch:
    """Watch that no process was started anew."""
    is_same = before == after
    value = "the same processes" if is_same else f"{before} became {after}"
    return Watch("restarts", value, "none", is_same)


def latency(took: list[float]) -> Watch:
    """Watch how long good requests took."""
    p50, p95 = statistics.median(took) * 1e3, statistics.quantiles(took, n=20)[-1] * 1e3
    value = f"p50 {p50:.1f} ms, p95 {p95:.1f} ms of {len(took)}"
    return Watch("good requests meanwhile", value, f"p95 <= {P95_MS:g} ms", p95 <= P95_MS)


def report(tallies: list[Tally], watches: list[Watch | Peers], seconds: float) -> str:
    """Lay everything out."""
    rows = [
        [tally.name, str(tally.sent), _told(tally.statuses), str(len(tally.breaches))]
        for tally in tallies
    ]
    pictures = sum(tally.sent for tally in tallies if tally.name.startswith("picture"))
    requests = sum(tally.sent for tally in tallies) - pictures
    endings: Counter[str] = sum((tally.endings for tally in tallies), Counter())
    return "\n\n".join(
        (
            table(["attack", "sent", "answers", "breaches"], rows),
            table(["watched", "", "bar", ""], [watch.row() for watch in watches]),
            f"{requests} bad requests, {pictures} submits of damaged pictures, {seconds:.0f} s; "
            f"jobs of these: {', '.join(f'{n} {name}' for name, n in endings.most_common())}",
        )
    )


def _told(statuses: Counter[int]) -> str:
    names = {0: "hung up", -1: "silence"}
    return ", ".join(f"{n} x {names.get(status, status)}" for status, n in statuses.most_common())
