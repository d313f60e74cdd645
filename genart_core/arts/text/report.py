"""What a training of a text model tells its user, beside its progress."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from genart_core.nn.report import Report as Progress


class Report:
    """Reports progress, figures and samples to `console`; a context manager."""

    def __init__(self, console: Console, *, curves: Path | None = None) -> None:
        self._progress = Progress(console, "chars", curves=curves)
        self.say = self._progress.say

    def __enter__(self) -> "Report":
        self._progress.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.__exit__(*exception)

    def step(
        self, number: int, *, progress: float, bits: float, characters: int, seconds: float
    ) -> None:
        """Report one step: share of the training done, its loss, its size and its duration."""
        self._progress.step(progress, f"{bits:.3f} bits/char", characters / max(seconds, 1e-9))
        self._progress.losses(number, {"bits_per_character": bits})

    def validation(self, number: int, epoch: int, *, bits: float, best: float) -> None:
        """Report the bits per character of the validation text, measured after a step."""
        self._progress.figures(number, {"bits_per_character": bits})
        place = f"step {number}, epoch {epoch}"
        mark = " (best)" if bits <= best else f" (best {best:.4f})"
        self.say(f"{place}: validation {bits:.4f} bits/char{mark}")

    def samples(self, samples: Mapping[str, str]) -> None:
        """Show what the network writes at each temperature."""
        for temperature, text in samples.items():
            self.say(f"  T = {temperature}: {' '.join(text.split())}")
