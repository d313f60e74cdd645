"""How a transition reaches Redis: one Lua script each, run by the gateway and the worker alike.

A transition is described once, as a `Call`: the script, its arguments and how to read the reply.
`run` sends it over a blocking connection, `arun` over an asyncio one; neither knows what it sends.
The transitions themselves: `caller` (what a request may do to a job), `owner` (what the worker that
holds its lease may do) and `upkeep` (what keeps the whole engine going).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha1
from pathlib import Path
from typing import Any, Generic, TypeVar

from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.exceptions import NoScriptError

from genart_core.jobs.keys import NAMESPACE

T = TypeVar("T")
Keep = tuple[int, int]
"""Milliseconds to keep a finished record, and its tombstone after that."""

_LUA = Path(__file__).parent / "lua"
_SHARED = ("prelude.lua", "foresight.lua")
_NO_CODE = re.compile(r"--.*|'[^'\n]*'")
_DEFINED = re.compile(r"^(?:local function|local|function) (\w+(?:, \w+)*)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One transition, ready to be sent."""

    script: str
    args: tuple[str | bytes | int | float, ...]
    decode: Callable[[Any], T]


def run(redis: Redis, call: Call[T]) -> T:
    """Make a transition over a blocking connection.

    Raises:
        redis.ConnectionError: if Redis is away; the caller doesn't know then whether it was made.
    """
    source, digest = _script(call.script)
    try:
        reply = redis.evalsha(digest, 1, NAMESPACE, *call.args)
    except NoScriptError:
        reply = redis.eval(source, 1, NAMESPACE, *call.args)
    return call.decode(reply)


async def arun(redis: AsyncRedis, call: Call[T]) -> T:
    """Make a transition over an asyncio connection; as `run`."""
    source, digest = _script(call.script)
    try:
        reply = await redis.evalsha(digest, 1, NAMESPACE, *call.args)
    except NoScriptError:
        reply = await redis.eval(source, 1, NAMESPACE, *call.args)
    return call.decode(reply)


@cache
def _script(name: str) -> tuple[str, str]:
    """Return a script with what it uses of the common parts, and its SHA-1 as EVALSHA wants it.

    Its first line says what it may do in a Redis that is full; one that is refused then has done
    nothing, where a script without that line would stop half-way.
    """
    flags, _, body = (_LUA / f"{name}.lua").read_text().partition("\n")
    source = "\n\n".join((flags, *_parts_for(body), body))
    return source, sha1(source.encode(), usedforsecurity=False).hexdigest()


def _parts_for(body: str) -> list[str]:
    """Return the paragraphs of the common parts that define what this uses, or what these use.

    Redis runs all of a script each time: what is only defined costs as much as many a command.
    """
    parts = [part for name in _SHARED for part in (_LUA / name).read_text().split("\n\n")]
    used, rest = [body], set(range(len(parts)))
    for text in used:
        words = set(re.findall(r"\w+", _NO_CODE.sub("", text)))
        found = {at for at in rest if words.intersection(_names_of(parts[at]))}
        used += [parts[at] for at in sorted(found)]
        rest -= found
    return [part for at, part in enumerate(parts) if at not in rest]


def _names_of(part: str) -> set[str]:
    return {name for names in _DEFINED.findall(part) for name in names.split(", ")}


def text_of(reply: Any) -> Any:
    """Read a plain reply."""
    return reply.decode()


def pairs_of(flat: Sequence[bytes]) -> dict[bytes, bytes]:
    """Read a hash as Lua returns it: name, value, name, value."""
    return dict(zip(flat[::2], flat[1::2], strict=True))
