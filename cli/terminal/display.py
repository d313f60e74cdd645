"""How a job looks while it is being made: a bar on standard error, its text on standard output."""

import sys
from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Display:
    """Shows one job. The bar is for terminals; text goes out as it comes, the first sample's."""

    def __init__(self, name: str, out: TextIO | None = None, err: Console | None = None) -> None:
        self._out = out or sys.stdout
        self._console = err or Console(stderr=True)
        self._name = name
        self._written = 0
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[steps]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task(escape(name), total=None, steps="")

    def __enter__(self) -> "Display":
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()
        if self._written and exception[0] is not None:
            self._put("\n")

    def status(self, status: str) -> None:
        """Say in which state the job is."""
        self._bar.update(self._task, description=escape(f"{self._name} {status}"))

    def progress(self, step: int, total: int) -> None:
        """Say that so many steps of all are done."""
        steps = f"{step}/{total}" if total else ""
        self._bar.update(self._task, completed=step, total=total or None, steps=steps)

    def text(self, text: str) -> None:
        """Write what is new of the first sample's text, which is given as far as it has come."""
        if len(text) <= self._written:
            return
        if self._out.isatty():
            self._bar.stop()  # they share a terminal, and the text shows how far it is
        self._put(text[self._written :])
        self._written = len(text)

    def texts(self, texts: Sequence[str]) -> None:
        """Write what is left of all samples' texts; the job has ended."""
        self._bar.stop()
        for number, text in enumerate(texts):
            if number == 0:
                self.text(text)
            else:
                self._put(f"\n{text}")
            if not text.endswith("\n"):
                self._put("\n")
        self._written = 0

    def say(self, line: str) -> None:
        """Write a line on standard error."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _put(self, text: str) -> None:
        if self._out.isatty():  # a text is not to steer the terminal
            text = "".join(c if c.isprintable() or c in "\n\t" else "\ufffd" for c in text)
        self._out.write(text)
        self._out.flush()
