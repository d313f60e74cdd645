"""The parameters of an address; one that it doesn't know is refused.

A filter that is misspelt would filter nothing, and a deadline that is misspelt would be none, with
an answer that looks right.
"""

from collections.abc import Collection
from urllib.parse import parse_qsl

from starlette.types import Scope

from api.http.errors import ProblemError
from api.http.validation import summary

_MAX_PARAMETERS = 64


def pairs_of(scope: Scope) -> list[tuple[str, str]]:
    """Return the parameters of a request's address, in their order.

    Raises:
        ProblemError: `invalid_parameter`: they are too many.
    """
    query = scope["query_string"].decode("latin-1")
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=_MAX_PARAMETERS)
    except ValueError:
        raise refused_parameter("", f"At most {_MAX_PARAMETERS} parameters are taken") from None


def require_known(scope: Scope, known: Collection[str] = (), lists: Collection[str] = ()) -> None:
    """Return if the address has no other parameters; those in `lists` may come again and again.

    Raises:
        ProblemError: `invalid_parameter`.
    """
    if not scope["query_string"]:
        return
    came: set[str] = set()
    for name, _ in pairs_of(scope):
        if name not in known and name not in lists:
            there_are = f"the parameters are {', '.join((*known, *lists))}"
            detail = there_are if known else "this address takes none"
            raise refused_parameter(name, f"There is no such parameter; {detail}")
        if name in came and name not in lists:
            raise refused_parameter(name, "It came more than once, but has one value")
        came.add(name)


def refused_parameter(name: str, detail: str) -> ProblemError:
    """Return the problem `invalid_parameter` about one parameter."""
    complaint = {"parameter": name[:80], "detail": detail}
    return ProblemError("invalid_parameter", summary([complaint]), errors=[complaint])
