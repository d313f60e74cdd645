"""What a training tells its user: a progress bar on a terminal, plain lines elsewhere."""

import time
from collections.abc import Mapping

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

LINE_SECONDS = 15.0


class Report:
    """Reports progress to `console`; a context manager."""

    def __init__(self, console: Console) -> None:
        self.console = console
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

    def step(self, *, progress: float, bits: float, characters: int, seconds: float) -> None:
        """Report one step: share of the training done, its loss, its size and its duration."""
        rate = characters / max(seconds, 1e-9)
        self._rate = rate if not self._rate else 0.95 * self._rate + 0.05 * rate
        line = f"{bits:.3f} bits/char, {self._rate:,.0f} chars/s"
        self._bar.update(self._task, completed=progress, description=line)
        if not self.console.is_terminal and time.monotonic() >= self._line_due:
            self._line_due = time.monotonic() + LINE_SECONDS
            self.say(f"{progress:6.1%}  {line}")

    def validation(self, place: str, *, bits: float, best: float) -> None:
        """Report the bits per character of the validation text."""
        mark = " (best)" if bits <= best else f" (best {best:.4f})"
        self.say(f"{place}: validation {bits:.4f} bits/char{mark}")

    def samples(self, samples: Mapping[str, str]) -> None:
        """Show what the network writes at each temperature."""
        for temperature, text in samples.items():
            self.say(f"  T = {temperature}: {' '.join(text.split())}")

    def say(self, line: str) -> None:
        """Print a line as it is."""
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)
