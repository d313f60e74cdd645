"""Finds a compiled library, or has it compiled meanwhile."""

import ctypes
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeAlias, TypeVar

from genart_core.native.build import HERE, BuildError, Source, build, built
from genart_core.settings import CoreSettings

log = logging.getLogger(__name__)

ROOT = HERE.parents[1]  # where Python finds the package
CHECK_SECONDS = 30.0

Library = TypeVar("Library")
# Of functions by name, what C gives back and what it takes.
Signatures: TypeAlias = Mapping[str, tuple[Any, Sequence[Any]]]


class UnusableError(Exception):
    """A library that can't be used here; the message says why."""


@dataclass(frozen=True)
class Plan(Generic[Library]):
    """Which library is made from a source, and what for.

    `open` opens a file and `require_sound` looks whether it computes as it should; both raise
    `UnusableError`. `program` is a module that does so as a program (`examine`), with the file as
    its argument.
    """

    source: Source
    open: Callable[[Path], Library]
    require_sound: Callable[[Library], None]
    program: str
    purpose: str

    def load(self, path: Path) -> Library:
        """Return a library that computes as it should.

        Raises:
            UnusableError: if it doesn't, or can't be used here.
        """
        library = self.open(path)
        self.require_sound(library)
        return library

    def examine(self, path: Path) -> int:
        """Return 0 if a library computes as it should; one that can't be used here isn't wrong.

        Raises:
            UnusableError: if it doesn't.
        """
        try:
            library = self.open(path)
        except UnusableError:
            return 0
        self.require_sound(library)
        return 0


class Kernel(Generic[Library]):
    """A library from one of `folders`; if none has it, it is compiled into the last one."""

    def __init__(
        self, plan: Plan[Library], folders: Sequence[Path], *, is_wanted: bool = True
    ) -> None:
        self._plan = plan
        self._folders = folders
        self._begun = threading.Lock()
        self._ended = threading.Event()
        self._library: Library | None = None
        if not is_wanted:
            self._begun.acquire()
            self._ended.set()

    @classmethod
    def of_settings(cls, plan: Plan[Library]) -> "Kernel[Library]":
        """Return one from beside the source, as images have it, or `GENART_HOME/native`."""
        settings = CoreSettings()
        return cls(plan, (HERE, settings.home / "native"), is_wanted=settings.native)

    def ready(self) -> Library | None:
        """Return the library if it is there by now. The first call has it looked for."""
        if self._begun.acquire(blocking=False):
            threading.Thread(target=self._begin, name="native", daemon=True).start()
            self._ended.wait(0.5)  # what need not be compiled is there in no time
        return self._library

    def wait(self) -> Library | None:
        """Return the library once it is there, or None once it is certain that it won't be."""
        self.ready()
        self._ended.wait()
        return self._library

    def _begin(self) -> None:
        source, purpose = self._plan.source, self._plan.purpose
        try:
            paths = [path for folder in self._folders for path in built(source, folder)]
            path = paths[0] if paths else self._build()
            library = self._plan.load(path)
        except (BuildError, UnusableError) as error:
            log.info("%s in torch: %s", purpose, error)
        except Exception:
            log.exception("%s in torch", purpose)
        else:
            self._library = library
            log.info("%s natively: %s", purpose, path)
        finally:
            self._ended.set()

    def _build(self) -> Path:
        """Compile, and have another process look at the result, which may crash.

        Raises:
            BuildError: if it can't be compiled, or isn't sound.
        """
        path = build(self._plan.source, self._folders[-1])
        try:
            subprocess.run(  # noqa: S603 - the arguments are ours
                [sys.executable, "-m", self._plan.program, str(path)],
                check=True,
                capture_output=True,
                timeout=CHECK_SECONDS,
                cwd=ROOT,
            )
        except subprocess.SubprocessError as error:
            path.unlink(missing_ok=True)
            raise BuildError(f"what was compiled is not sound: {error}") from error
        return path


def opened(path: Path, prefix: str, abi: int, signatures: Signatures) -> ctypes.CDLL:
    """Return a library whose functions, `abi` among them, are ready to be called.

    Raises:
        UnusableError: if it is none, or another version's.
    """
    try:
        dll = ctypes.CDLL(str(path))
        functions = [getattr(dll, prefix + name) for name in signatures]
    except (OSError, AttributeError) as error:
        raise UnusableError(f"{path.name} is no such library: {error}") from error
    for function, (result, arguments) in zip(functions, signatures.values(), strict=True):
        function.restype, function.argtypes = result, arguments
    if getattr(dll, prefix + "abi")() != abi:
        raise UnusableError(f"{path.name} is of another version")
    return dll
