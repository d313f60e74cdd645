"""Compiles `step.c`: `python -m genart_core.arts.text.native.build FOLDER`.

The file's name has a digest of what it was made from and one of itself, so that a stale or damaged
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
from pathlib import Path

SOURCE = Path(__file__).with_name("step.c")
COMPILERS = ("cc", "gcc", "clang")
# Contracted, a * b + c would be rounded once instead of twice, and texts would differ.
FLAGS = ("-std=c11", "-O3", "-ffp-contract=off", "-shared", "-fPIC", "-pthread")
COMPILE_SECONDS = 120.0


class BuildError(Exception):
    """The library could not be compiled; the message says why."""


def compiler() -> str | None:
    """Return the C compiler: that of the environment variable `CC`, else one on the path."""
    names = (os.environ.get("CC", ""), *COMPILERS)
    return next((found for name in names if name and (found := shutil.which(name))), None)


def built(folder: Path) -> Iterator[Path]:
    """Yield the libraries in a folder that were made from this source and are undamaged."""
    for path in sorted(folder.glob(f"step-{_origin()}-*.so")):
        if path.stem.rpartition("-")[2] == _digest(path.read_bytes()):
            yield path


def build(folder: Path) -> Path:
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
            made = Path(scratch) / "step.so"
            subprocess.run(  # noqa: S603 - the arguments are ours
                [command, *FLAGS, "-o", str(made), str(SOURCE)],
                check=True,
                capture_output=True,
                text=True,
                timeout=COMPILE_SECONDS,
            )
            path = folder / f"step-{_origin()}-{_digest(made.read_bytes())}.so"
            made.replace(path)
    except subprocess.CalledProcessError as error:
        raise BuildError(f"{command} failed: {error.stderr.strip()[-500:]}") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildError(str(error)) from error
    return path


def _origin() -> str:
    """Return a digest of all that a library depends on; one folder may serve several systems."""
    system = (platform.system(), platform.machine(), *platform.libc_ver())
    return _digest(SOURCE.read_bytes() + repr((FLAGS, system)).encode())


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def main(arguments: Sequence[str] | None = None) -> int:
    """Build as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=SOURCE.parent)
    asked = parser.parse_args(arguments)
    try:
        build(asked.folder)
    except BuildError as error:
        sys.stderr.write(f"not built: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
