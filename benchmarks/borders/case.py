"""One attack: bytes for a connection, and what may come of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import TypeAlias

REFUSED = frozenset({*range(400, 500), 0})
"""A refusal, or (0) a connection that is closed without a word."""

WITHSTOOD = frozenset({*range(200, 500), 0})
"""Anything but a fault of ours."""


@dataclass(frozen=True)
class Target:
    """A service and what is there to be asked for: a job that has ended, and a picture."""

    port: int
    job: str
    sha256: str
    kinds: Mapping[str, Mapping[str, object]]  # with a body for each that is taken


@dataclass(frozen=True)
class Case:
    """`pieces` are written one after the other; if `is_cut`, the caller hangs up soon after."""

    pieces: tuple[bytes, ...]
    allowed: frozenset[int] = WITHSTOOD
    is_cut: bool = False
    has_head_only: bool = field(default=False)  # the answer to HEAD has no body


Attack: TypeAlias = Callable[[Random, Target], Case]


def request(
    line: bytes,
    *fields: bytes,
    body: bytes | None = None,
    allowed: frozenset[int] = WITHSTOOD,
    host: bytes = b"Host: 127.0.0.1",
) -> Case:
    """Return a request whose answer ends the connection."""
    head = [line + b" HTTP/1.1", host, b"Connection: close", *fields]
    if body is not None:
        head.append(b"Content-Length: %d" % len(body))
    data = b"\r\n".join([*head, b"", b""]) + (body or b"")
    return Case((data,), allowed, has_head_only=line.startswith(b"HEAD "))


def json_request(path: str, body: bytes, allowed: frozenset[int] = WITHSTOOD) -> Case:
    """Return a post of what is said to be JSON."""
    return request(
        b"POST " + path.encode(), b"Content-Type: application/json", body=body, allowed=allowed
    )


def number_of(seed: int, name: str, index: int) -> Random:
    """Return the random numbers of one attack, whatever came before it."""
    return Random(f"{seed} {name} {index}")
