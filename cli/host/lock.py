"""Locks in the home folder: one `genart up`, and a number for each `genart worker`."""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import IO, NamedTuple, Protocol

from cli.errors import CommandError, HomeInUseError

_GLANCE_SECONDS = 0.1  # who only looks whether a file is locked has it for a moment


class Note(Protocol):
    """Notes for others what a holder serves: its URL, the slots of its workers."""

    def __call__(self, url: str = "", *, slots: Sequence[str] = ()) -> None:
        """Replace what was noted before."""


class Numbered(NamedTuple):
    """A number that is held, and what takes notes beside it."""

    number: int
    note: Note


@contextmanager
def hold(
    home: Path,
    name: str = "up",
    *,
    patience: float = _GLANCE_SECONDS,
    guests: float = _GLANCE_SECONDS,
) -> Iterator[Note]:
    """Hold the home folder, made if need be; yields what notes our URL for those who come second.

    Different names don't exclude each other. `guests` are waited for so many seconds: those who
    have noted no URL, such as `genart keys`, which is done in a moment.

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
        _take(file, home, patience, guests)

        def note(url: str = "", *, slots: Sequence[str] = ()) -> None:
            facts = {"pid": os.getpid(), "url": url, "slots": list(slots)}
            _write(file, {name: fact for name, fact in facts.items() if fact})

        note()
        try:
            yield note
        finally:
            _write(file, {})


@contextmanager
def hold_number(home: Path) -> Iterator[Numbered]:
    """Hold the first free number in a home folder, which many supervisors of workers may share."""
    with ExitStack() as held:
        for number in count():
            with suppress(HomeInUseError):
                note = held.enter_context(hold(home, f"worker-{number}", patience=0, guests=0))
                break
        yield Numbered(number, note)


def noted_slots(home: Path) -> Iterator[str]:
    """Yield the slots that were noted by those who hold the home folder or a number in it now."""
    for path in (home / "up.lock", *sorted(home.glob("worker-*.lock"))):
        with suppress(OSError), path.open() as file:
            if _is_held(file):  # what one that was killed has left is no note
                with suppress(ValueError):  # being written
                    yield from json.loads(file.read()).get("slots", ())


def _take(file: IO[str], home: Path, patience: float, guests: float) -> None:
    began = time.monotonic()
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            waited = time.monotonic() - began
            if waited >= patience and (waited >= guests or _noted(file).get("url")):
                raise HomeInUseError(str(home), _holder(file)) from error
        time.sleep(_GLANCE_SECONDS / 10)


def _is_held(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(file, fcntl.LOCK_UN)
    return False


def _write(file: IO[str], facts: dict[str, object]) -> None:
    file.truncate(0)
    file.write(json.dumps(facts))
    file.flush()


def _noted(file: IO[str]) -> dict[str, object]:
    file.seek(0)
    try:
        facts = json.loads(file.read())
    except ValueError:  # locked, but not written yet
        return {}
    return facts if isinstance(facts, dict) else {}


def _holder(file: IO[str]) -> str:
    facts = _noted(file)
    url = f", {facts['url']}" if facts.get("url") else ""
    return f"process {facts['pid']}{url}" if "pid" in facts else "another process"
