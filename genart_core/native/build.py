"""Compiles the C sources beside it: `python -m genart_core.native.build FOLDER`.

A library's name has a digest of what it was made from and one of itself, so that a stale or damaged
one is never loaded. It is renamed into place, so that workers may build at the same time.
"""

import argparse
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
COMPILERS = ("cc", "gcc", "clang")
FLAGS = ("-std=c11", "-O3", "-shared", "-fPIC", "-pthread")
# With `kernel.CHECK_SECONDS` less than what a worker's watchdog waits: it takes a second or two.
COMPILE_SECONDS = 60.0


@dataclass(frozen=True)
class Source:
    """A C file, what it includes, and how it is to be compiled."""

    file: Path
    flags: tuple[str, ...]
    included: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """Return what its libraries' names begin with."""
        return self.file.stem


# Contracted, a * b + c is rounded once instead of twice: texts would differ from torch's, where
# convolutions are only to be quick.
STEP = Source(HERE / "step.c", ("-ffp-contract=off",))
WINOGRAD = Source(HERE / "winograd.c", ("-ffp-contract=fast",), (HERE / "winograd_lanes.h",))
SOURCES = (STEP, WINOGRAD)


class BuildError(Exception):
    """The library could not be compiled; the message says why."""


def compiler() -> str | None:
    """Return the C compiler: that of the environment variable `CC`, else one on the path."""
    names = (os.environ.get("CC", ""), *COMPILERS)
    return next((found for name in names if name and (found := shutil.which(name))), None)


def built(source: Source, folder: Path) -> Iterator[Path]:
    """Yield the libraries in a folder that were made from this source and are undamaged."""
    for path in sorted(folder.glob(f"{source.name}-{_origin(source)}-*.so")):
        if path.stem.rpartition("-")[2] == _digest(path.read_bytes()):
            yield path


def build(source: Source, folder: Path) -> Path:
    """Compile into a folder and return the library's path.

    Raises:
        BuildError: if there is no compiler, it fails, or the folder can't be written to.
    """
    command = compiler()
    if command is None:
        raise BuildError("there is no C compiler")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".build-") as scratch:
            made = Path(scratch) / f"{source.name}.so"
            subprocess.run(  # noqa: S603 - the arguments are ours
                [command, *FLAGS, *source.flags, "-o", str(made), str(source.file)],
                check=True,
                capture_output=True,
                text=True,
                timeout=COMPILE_SECONDS,
            )
            digest = _digest(made.read_bytes())
            path = folder / f"{source.name}-{_origin(source)}-{digest}.so"
            made.replace(path)
    except subprocess.CalledProcessError as error:
        raise BuildError(f"{command} failed: {error.stderr.strip()[-500:]}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(str(error)) from error
    return path


def _origin(source: Source) -> str:
    """Return a digest of all that a library depends on; one folder may serve several systems."""
    system = (platform.system(), platform.machine(), *platform.libc_ver())
    texts = [file.read_bytes() for file in (source.file, *source.included)]
    return _digest(b"".join(texts) + repr((FLAGS, source.flags, system)).encode())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def main(arguments: Sequence[str] | None = None) -> int:
    """Build as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=HERE)
    asked = parser.parse_args(arguments)
    try:
        for source in SOURCES:
            build(source, asked.folder)
    except BuildError as error:
        sys.stderr.write(f"not built: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
