"""What a check has found: how it is, and how to mend it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

State = Literal["ok", "note", "broken"]


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, what there is, and what to do if it is not as it should be.

    A `note` is something that works, but could work better.
    """

    name: str
    state: State
    detail: str
    remedy: str = ""


Check: TypeAlias = Callable[[], Iterator[Finding]]


def ok(name: str, detail: str) -> Finding:
    """Return what is as it should be."""
    return Finding(name, "ok", detail)


def note(name: str, detail: str, remedy: str = "") -> Finding:
    """Return what works, but could work better."""
    return Finding(name, "note", detail, remedy)


def broken(name: str, detail: str, remedy: str) -> Finding:
    """Return what keeps the service, or a part of it, from working."""
    return Finding(name, "broken", detail, remedy)
