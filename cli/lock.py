"""Locks in the home folder: one `genart up`, and a number for each `genart worker`."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import IO

from cli.errors import CommandError, HomeInUseError


@contextmanager
def hold(home: Path, name: str = "up") -> Iterator[Callable[[str], None]]:
    """Hold the home folder, made if need be; yields what notes our URL for those who come second.

    Different names don't exclude each other.

    The kernel drops the lock with the process, however that ends. The file stays: removing it could
    let two processes lock two files of that name.

    Raises:
        HomeInUseError: if a running process holds it.
        CommandError: if the folder can't be made or written.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = (home / f"{name}.lock").open("a+")
    except OSError as error:
        raise CommandError(f"GENART_HOME={home} can't be used: {error.strerror}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise HomeInUseError(str(home), _holder(file)) from error
        _write(file, {"pid": os.getpid()})
        try:
            yield lambda url: _write(file, {"pid": os.getpid(), "url": url})
        finally:
            _write(file, {})


@contextmanager
def hold_number(home: Path) -> Iterator[int]:
    """Hold the first free number in a home folder, which many supervisors of workers may share."""
    with ExitStack() as held:
        for number in count():
            with suppress(HomeInUseError):
                held.enter_context(hold(home, f"worker-{number}"))
                break
        yield number


def _write(file: IO[str], facts: dict[str, object]) -> None:
    file.truncate(0)
    file.write(json.dumps(facts))
    file.flush()


def _holder(file: IO[str]) -> str:
    file.seek(0)
    try:
        facts = json.loads(file.read())
        return f"process {facts['pid']}" + (f", {facts['url']}" if facts.get("url") else "")
    except (ValueError, KeyError, TypeError):  # locked, but not written yet
        return "another process"
