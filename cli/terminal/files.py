"""Where a job's outputs are written, and under which names."""

import mimetypes
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Annotated

import typer

from cli.errors import CommandError, OptionError

_PANEL = "Files"
_ENDINGS = {"text/plain": ".txt", "image/jpeg": ".jpg", "image/webp": ".webp"}

Out = Annotated[
    Path | None,
    typer.Option(
        help="Folder for the outputs, or a file's name, which has an ending; of several outputs "
        "each then has its number before it.",
        rich_help_panel=_PANEL,
        show_default=False,
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace files.", rich_help_panel=_PANEL)]
Open = Annotated[
    bool, typer.Option("--open", help="Open the files when they are there.", rich_help_panel=_PANEL)
]


@dataclass(frozen=True)
class Output:
    """A file to be written."""

    media_type: str
    pieces: Iterable[bytes]


@dataclass(frozen=True)
class Target:
    """Where outputs go: to a folder under names of ours, or to a file of the user's name."""

    out: Path | None = None
    is_replacing: bool = False

    def require_free(self) -> None:
        """Refuse a name that is taken, before anything is made.

        Raises:
            OptionError: if it is.
        """
        if self._is_file and self.out is not None and self.out.exists() and not self.is_replacing:
            raise OptionError("--out", f"{self.out} exists already; --force replaces it")

    def save(self, name: str, outputs: Sequence[Output]) -> list[Path]:
        """Write all outputs and return their paths; `name` begins the names of ours.

        Raises:
            CommandError: if a file exists already or can't be written.
        """
        written = []
        for number, output in enumerate(outputs):
            path = self._path(name, number, output.media_type, is_alone=len(outputs) == 1)
            with fresh(path, self.is_replacing) as file:
                for piece in output.pieces:
                    file.write(piece)
            written.append(path)
        return written

    @property
    def _is_file(self) -> bool:
        return self.out is not None and bool(self.out.suffix) and not self.out.is_dir()

    def _path(self, name: str, number: int, media_type: str, *, is_alone: bool) -> Path:
        if self.out is None or not self._is_file:
            return (self.out or Path()) / f"{name}-{number}{ending_of(media_type)}"
        return self.out if is_alone else self.out.with_stem(f"{self.out.stem}-{number}")


def ending_of(media_type: str) -> str:
    """Return what the names of such files end in."""
    plain = media_type.partition(";")[0].strip()
    return _ENDINGS.get(plain) or mimetypes.guess_extension(plain) or ".bin"


@contextmanager
def fresh(path: Path, is_replacing: bool) -> Iterator[IO[bytes]]:
    """Open a new file; nothing is left of it, and nothing replaced, if it isn't written whole.

    Raises:
        CommandError: if it exists already or can't be written.
    """
    part = path.with_name(f".{path.name}.part") if is_replacing else path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = part.open("wb" if is_replacing else "xb")
    except FileExistsError as error:
        raise CommandError(f"{path} exists already; --force replaces it") from error
    except OSError as error:
        raise CommandError(f"{path} can't be written: {error.strerror}") from error
    try:
        with file:
            yield file
        if is_replacing:
            part.replace(path)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise CommandError(f"{path} can't be written: {error.strerror}") from error
        raise
