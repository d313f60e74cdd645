"""Which earlier results a request may be answered with.

A request with a seed has one result: it depends on the request, on the weights and on the program.
Results are found again by their own client alone, so that nobody learns by the time of an answer
what somebody else has asked for.
"""

from functools import cache
from hashlib import sha256
from importlib.metadata import version

from genart_core.catalogue import Kind
from genart_core.jobs.caller import Reuse


def reuse_of(kind: Kind, model: str, weights: str, asked: str, directives: frozenset[str]) -> Reuse:
    """Return how the results of a request with a seed are found again.

    `weights` is the model's sha256, `asked` the whole request as JSON. With `no-cache` among the
    `directives` (RFC 9111) it is made anew, with `no-store` its results are not found again either.
    """
    if "no-store" in directives:
        return Reuse()
    key = sha256(f"{kind.name} {_version()} {weights} {asked}".encode()).hexdigest()
    may_read = "no-cache" not in directives
    return Reuse(key, may_read, _version(), (f"{kind.models}/{model}", weights))


@cache
def _version() -> str:
    return version("genart")
