"""Finds the compiled steps, or has them compiled meanwhile.

Both ways give the same texts, so that nobody has to wait: until there is a library, and where there
will be none, steps are taken in torch.
"""

import logging
import subprocess
import sys
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from genart_core.arts.text.native.build import SOURCE, BuildError, build, built
from genart_core.arts.text.native.check import require_sound
from genart_core.arts.text.native.library import Library, UnusableError
from genart_core.settings import CoreSettings

log = logging.getLogger(__name__)

ROOT = SOURCE.parents[4]  # where Python finds the package
CHECK_SECONDS = 60.0


class Kernel:
    """A library from one of `folders`; if none has it, it is compiled into the last one."""

    def __init__(self, folders: Sequence[Path], *, is_wanted: bool = True) -> None:
        self._folders = folders
        self._begun = threading.Lock()
        self._ended = threading.Event()
        self._library: Library | None = None
        if not is_wanted:
            self._begun.acquire()
            self._ended.set()

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
        try:
            paths = [path for folder in self._folders for path in built(folder)]
            path = paths[0] if paths else self._build()
            library = Library(path)
            require_sound(library)
        except (BuildError, UnusableError) as error:
            log.info("text steps in torch: %s", error)
        except Exception:
            log.exception("text steps in torch")
        else:
            self._library = library
            log.info("text steps natively: %s", path)
        finally:
            self._ended.set()

    def _build(self) -> Path:
        """Compile, and have another process look at the result, which may crash.

        Raises:
            BuildError: if it can't be compiled, or isn't sound.
        """
        path = build(self._folders[-1])
        command = [sys.executable, "-m", "genart_core.arts.text.native.check", str(path)]
        try:
            subprocess.run(  # noqa: S603 - the arguments are ours
                command, check=True, capture_output=True, timeout=CHECK_SECONDS, cwd=ROOT
            )
        except subprocess.SubprocessError as error:
            path.unlink(missing_ok=True)
            raise BuildError(f"what was compiled is not sound: {error}") from error
        return path


@cache
def kernel() -> Kernel:
    """Return this process's: beside the source, as images have it, or in `GENART_HOME/native`."""
    settings = CoreSettings()
    return Kernel((SOURCE.parent, settings.home / "native"), is_wanted=settings.native)
