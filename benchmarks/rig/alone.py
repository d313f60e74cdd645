"""What a generator is given where no service is: runs that nobody follows, and one model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genart_core.artwork import Artwork, Model, Run


@dataclass(eq=False)  # generators keep runs in sets
class LoneRun:
    """Implements `genart_core.artwork.Run`; it only remembers its artwork."""

    request: Any
    inputs: Mapping[str, bytes] = field(default_factory=dict)
    stopped: bool = False
    wants_preview: bool = False
    artwork: Artwork | None = None

    def input(self, ref: str) -> bytes:
        """Return a picture's file."""
        return self.inputs[ref]

    def progress(self, step: int, total: int) -> None:
        """Tell nobody."""

    def token(self, sample: int, text: str) -> None:
        """Tell nobody."""

    def preview(self, data: bytes, media_type: str, *, width: int, height: int) -> None:
        """Show nobody."""

    def finish(self, artwork: Artwork) -> None:
        """Remember the artwork."""
        self.artwork = artwork

    def fail(self, code: str, detail: str) -> None:
        """Raise what a worker would record."""
        raise RuntimeError(f"{code}: {detail}")


class LoneBench:
    """Implements `genart_core.artwork.Workbench` with the model of one file."""

    device = "cpu"

    def __init__(self, path: Path) -> None:
        self.path = path
        self._held: Any = None

    def model(self, art: str, name: str, load: Callable[[Path, str], Model]) -> Model:
        """Return the model, loaded at its first use, whatever it is called."""
        if self._held is None:
            self._held = load(self.path, self.device)
        held: Model = self._held
        return held

    def more(self, room: int) -> Sequence[Run]:
        """Return nothing: nobody else waits."""
        return ()
