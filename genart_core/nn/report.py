"""What a training tells its user: a progress bar on a terminal, plain lines elsewhere, curves."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

LINE_SECONDS = 15.0
CURVE_SECONDS = 5.0


class Report:
    """Reports progress to `console`, at rates of so many `units` per second; a context manager.

    With `curves`, a folder, figures are also written there for TensorBoard; a training that goes on
    goes on there.
    """

    def __init__(self, console: Console, units: str, *, curves: Path | None = None) -> None:
        self.console = console
        self.units = units
        self._writer = _writer(curves) if curves is not None else None
        self._curves_due = 0.0
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("training", total=1.0)
        self._line_due = 0.0
        self._rate = 0.0

    def __enter__(self) -> "Report":
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()
        if self._writer is not None:
            self._writer.close()

    def step(self, progress: float, line: str, rate: float) -> None:
        """Report one step: share of the training done, what to say of it, units per second."""
        self._rate = rate if not self._rate else 0.95 * self._rate + 0.05 * rate
        line = f"{line}, {self._rate:,.0f} {self.units}/s"
        self._bar.update(self._task, completed=progress, description=line)
        if not self.console.is_terminal and time.monotonic() >= self._line_due:
            self._line_due = time.monotonic() + LINE_SECONDS
            self.say(f"{progress:6.1%}  {line}")

    def losses(self, step: int, figures: Mapping[str, float]) -> None:
        """Draw what a step told; called at each step, it draws every few seconds."""
        if time.monotonic() >= self._curves_due:
            self._curves_due = time.monotonic() + CURVE_SECONDS
            self.figures(
                step, {**figures, f"{self.units}_per_second": self._rate}, group="training"
            )

    def figures(self, step: int, figures: Mapping[str, float], group: str = "validation") -> None:
        """Draw figures by name, as points of curves."""
        if self._writer is not None:
            for name, value in figures.items():
                self._writer.add_scalar(f"{group}/{name}", value, step)

    def say(self, line: str) -> None:
        """Print a line as it is."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)


def _writer(folder: Path) -> Any:
    # Imported here: who reports no curves, as on a machine that has only torch, needs no package.
    from tensorboardX import SummaryWriter

    # Its files are named by the second, and one of the same name would be written over.
    return SummaryWriter(str(folder), filename_suffix=f".{time.time_ns()}")
