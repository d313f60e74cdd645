"""What a training tells its user: a progress bar on a terminal, plain lines elsewhere."""

import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

LINE_SECONDS = 15.0


class Report:
    """Reports progress to `console`, at rates of so many `units` per second; a context manager."""

    def __init__(self, console: Console, units: str) -> None:
        self.console = console
        self.units = units
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

    def step(self, progress: float, line: str, rate: float) -> None:
        """Report one step: share of the training done, what to say of it, units per second."""
        self._rate = rate if not self._rate else 0.95 * self._rate + 0.05 * rate
        line = f"{line}, {self._rate:,.0f} {self.units}/s"
        self._bar.update(self._task, completed=progress, description=line)
        if not self.console.is_terminal and time.monotonic() >= self._line_due:
            self._line_due = time.monotonic() + LINE_SECONDS
            self.say(f"{progress:6.1%}  {line}")

    def say(self, line: str) -> None:
        """Print a line as it is."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)
