"""What a generator of pictures is handed in tests: a run that remembers, a bench with one model."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

from torch import Tensor

from genart_core.artwork import Artwork, Model, Output, Run
from genart_core.errors import ArtError
from genart_core.nn.image import decode
from genart_core.request import ArtRequest


def pixels(output: Output) -> Tensor:
    """Return an output as (3, H, W)."""
    return decode(output.data, max_pixels=10**8).rgb


class PictureRun:
    """A run that remembers what was said to it, and may stop after so many looks or steps."""

    def __init__(
        self,
        request: ArtRequest,
        files: dict[str, bytes] | None = None,
        *,
        stop_at_look: int | None = None,
        stop_after: int | None = None,
        wants_preview: bool = False,
    ) -> None:
        self.request: Any = request
        self.files = files or {}
        self.stop_at_look = stop_at_look
        self.stop_after = stop_after
        self.wants_preview = wants_preview
        self.looks = 0
        self.artwork: Artwork | None = None
        self.failure: tuple[str, str] | None = None
        self.steps: list[tuple[int, int]] = []
        self.previews: list[tuple[bytes, str, int, int]] = []

    @property
    def stopped(self) -> bool:
        self.looks += 1
        if self.stop_after is not None and len(self.steps) >= self.stop_after:
            return True
        return self.stop_at_look is not None and self.looks >= self.stop_at_look

    def input(self, ref: str) -> bytes:
        if ref not in self.files:
            raise ArtError("input_gone", f"The picture {ref} is no longer stored")
        return self.files[ref]

    def progress(self, step: int, total: int) -> None:
        self.steps.append((step, total))

    def token(self, sample: int, text: str) -> None:
        raise AssertionError("a picture has no text")

    def preview(self, data: bytes, media_type: str, *, width: int, height: int) -> None:
        assert self.wants_preview
        self.previews.append((data, media_type, width, height))

    def finish(self, artwork: Artwork) -> None:
        assert self.artwork is None
        self.artwork = artwork

    def fail(self, code: str, detail: str) -> None:
        self.failure = (code, detail)

    @property
    def result(self) -> dict[str, Any]:
        assert self.artwork is not None, self.failure
        return self.artwork.result

    @property
    def outputs(self) -> list[Tensor]:
        """What was made, each as (3, H, W)."""
        assert self.artwork is not None, self.failure
        return [pixels(output) for output in self.artwork.outputs]


class OneModel:
    """A workbench that holds one model of an art."""

    art: ClassVar[str]

    def __init__(self, held: object) -> None:
        self.device = "cpu"
        self._held: Any = held

    def model(self, art: str, name: str, load: Callable[[Path, str], Model]) -> Model:
        assert art == self.art
        model: Model = self._held
        return model

    def more(self, room: int) -> Sequence[Run]:
        return ()
