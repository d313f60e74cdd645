"""Finds a compiled library, or has it compiled meanwhile."""

import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from genart_core.native.build import HERE, BuildError, Source, build, built
from genart_core.settings import CoreSettings

log = logging.getLogger(__name__)

ROOT = HERE.parents[1]  # where Python finds the package
CHECK_SECONDS = 60.0

Library = TypeVar("Library")


class UnusableError(Exception):
    """A library that can't be used here; the message says why."""


@dataclass(frozen=True)
class Plan(Generic[Library]):
    """Which library is made from a source, and what for.

    `load` opens a file and looks whether it computes as it should, or raises `UnusableError`;
    `check` is a module that does so as a program, with the file as its argument.
    """

    source: Source
    load: Callable[[Path], Library]
    check: str
    purpose: str


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
                [sys.executable, "-m", self._plan.check, str(path)],
                check=True,
                capture_output=True,
                timeout=CHECK_SECONDS,
                cwd=ROOT,
            )
        except subprocess.SubprocessError as error:
            path.unlink(missing_ok=True)
            raise BuildError(f"what was compiled is not sound: {error}") from error
        return path
