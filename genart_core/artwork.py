"""What a generator is given and what it returns: the border between jobs and art.

A generator is a function `generate(runs, workbench)`. It is handed compatible runs (same kind, same
batch key) to make together, and settles every one of them: by `finish`, by `fail`, or by dropping
it once `stopped` is true. What it raises fails the runs that it has not settled. It holds no job
state: leases, retries and storage are the worker's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar

Model = TypeVar("Model")


@dataclass(frozen=True, slots=True)
class Output:
    """One file of an artwork. `width` and `height` are in pixels, for pictures only."""

    data: bytes
    media_type: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Artwork:
    """All files of one job in order, and the kind's own JSON `result` (at most 64 KiB)."""

    outputs: tuple[Output, ...]
    result: dict[str, Any] = field(default_factory=dict)


class Run(Protocol):
    """One claimed job, as a generator sees it."""

    @property
    def request(self) -> Any:
        """The validated request, of the class that the catalogue names; `seed` is always set."""

    def input(self, ref: str) -> bytes:
        """Return the file of a picture that the request names (`asset:<sha256>`).

        Raises:
            ArtError: `input_gone` if it is no longer stored.
        """

    @property
    def stopped(self) -> bool:
        """True once the job was canceled, is late or no longer ours. Cheap: ask at each step."""

    def progress(self, step: int, total: int) -> None:
        """Say that `step` of `total` steps are done. Call it as often as you like."""

    def token(self, sample: int, text: str) -> None:
        """Append `text` to the partial text of one sample; short chunks are joined."""

    @property
    def wants_preview(self) -> bool:
        """Whether a preview would be shown now. Ask before encoding one; cheap."""

    def preview(self, data: bytes, media_type: str, *, width: int, height: int) -> None:
        """Show how the artwork looks so far, in place of what was shown before."""

    def finish(self, artwork: Artwork) -> None:
        """Store the artwork and commit the job."""

    def fail(self, code: str, detail: str) -> None:
        """End the job as failed; it is not retried."""


class Workbench(Protocol):
    """What the worker lends to a generator while it works."""

    @property
    def device(self) -> str:
        """The torch device to compute on: `cpu`, `cuda:0`, `mps`."""

    def model(self, art: str, name: str, load: Callable[[Path, str], Model]) -> Model:
        """Return a model that stays resident, calling `load(path, device)` if it isn't yet."""

    def more(self, room: int) -> Sequence[Run]:
        """Claim up to `room` further runs that can join the ones in hand, if any wait."""


Generate: TypeAlias = Callable[[Sequence[Run], Workbench], None]
