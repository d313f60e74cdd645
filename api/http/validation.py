"""What pydantic finds wrong with a request, in words that help to mend it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

Complaint: TypeAlias = dict[str, Any]
"""One thing wrong: where (`pointer` into the body, or `parameter`), `detail`, `got`, `allowed`."""

MAX_COMPLAINTS = 20
_MAX_SHOWN = 80  # characters of anything a caller sent that are sent back

_AFTER = " after validation"
_BOUNDS = ("ge", "gt", "le", "lt", "min_length", "max_length", "multiple_of", "expected", "pattern")


def complaints_of(
    errors: Iterable[Mapping[str, Any]],
    *,
    fields: Sequence[str] = (),
    parameters: bool = False,
) -> list[Complaint]:
    """Return at most `MAX_COMPLAINTS` complaints from pydantic's errors.

    `fields` are the names that the body may have; with `parameters` the errors are about the
    address, not the body.
    """
    return [
        _complaint(error, fields, parameters)
        for error, _ in zip(errors, range(MAX_COMPLAINTS), strict=False)
    ]


def summary(complaints: Sequence[Complaint]) -> str:
    """Return the first complaint as a sentence, and how many more there are."""
    first = complaints[0]
    where = first.get("parameter") or str(first.get("pointer", "")).lstrip("/")
    more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
    return f"{where}: {first['detail']}{more}" if where else f"{first['detail']}{more}"


def shown(value: object) -> str:
    """Return what came as short JSON, or in words if it is large."""
    if isinstance(value, str):
        cut = "…" if len(value) > _MAX_SHOWN else ""
        return json.dumps(value[:_MAX_SHOWN], ensure_ascii=False) + cut
    if isinstance(value, dict):
        return f"an object with {len(value)} members"
    if isinstance(value, list | tuple):
        return f"an array of {len(value)} items"
    if isinstance(value, int) and value.bit_length() > 256:
        return f"an integer of {value.bit_length()} bits"
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)
    return f"a value of type {type(value).__name__}"


def _complaint(error: Mapping[str, Any], fields: Sequence[str], parameters: bool) -> Complaint:
    context = error.get("ctx") or {}
    allowed = {name: context[name] for name in _BOUNDS if name in context}
    got = shown(error["input"])
    place = [str(part)[:_MAX_SHOWN] for part in error["loc"]]
    # pydantic speaks of Python's types
    message = str(error["msg"]).replace("Tuple should", "List should").replace(_AFTER, "")
    if error["type"] == "extra_forbidden":
        allowed = {"fields": list(fields)}
        what = "parameter" if parameters else "field"
        message = f"There is no such {what}; the {what}s are {', '.join(fields)}"
    elif error["type"] == "missing":
        got, message = "nothing", "This field is required"
    elif error["type"] == "value_error" and not place:
        return _contradiction(message, fields)
    complaint: Complaint = {"detail": f"{message}; got {got}", "got": got}
    if parameters:
        complaint["parameter"] = "".join(place[1:2])  # one that may be repeated has no places
    else:
        complaint["pointer"] = "".join(f"/{_escaped(part)}" for part in place)
    if allowed:
        complaint["allowed"] = allowed
    return complaint


def _contradiction(message: str, fields: Sequence[str]) -> Complaint:
    """Return the complaint of a request's own check, which speaks as `field: what is wrong`."""
    message = message.removeprefix("Value error, ")
    field, _, rest = message.partition(": ")
    if rest and field in fields:
        return {"detail": rest, "pointer": f"/{field}"}
    return {"detail": message, "pointer": ""}


def _escaped(part: str) -> str:
    """Escape a name for a JSON pointer (RFC 6901)."""
    return part.replace("~", "~0").replace("/", "~1")
