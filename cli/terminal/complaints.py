"""What is wrong with a request, told at the options that it was given by."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cli.errors import CommandError, OptionError, ProblemReplyError
from cli.terminal.fields import Field

_MAX_TOLD = 3


def at_options(problem: ProblemReplyError, fields: Sequence[Field]) -> CommandError:
    """Return a problem as one of options, if it says which fields it is about."""
    return of_complaints(problem.errors, fields) or problem


def of_complaints(
    complaints: Iterable[Mapping[str, Any]], fields: Sequence[Field]
) -> OptionError | None:
    """Return the first complaints (`api.http.validation`) in one sentence; None if none came."""
    told = [_told(complaint, {field.name: field for field in fields}) for complaint in complaints]
    if not told:
        return None
    (option, detail), *others = told[:_MAX_TOLD]
    rest = [f"{name}: {text}" for name, text in others]
    if len(told) > _MAX_TOLD:
        rest.append(f"and {len(told) - _MAX_TOLD} more")
    return OptionError(option, "; ".join((detail, *rest)))


def _told(complaint: Mapping[str, Any], fields: Mapping[str, Field]) -> tuple[str, str]:
    """Return the option that a complaint is about, and what it says."""
    detail = str(complaint.get("detail", ""))
    pointer = str(complaint.get("pointer", "")).lstrip("/").split("/")
    name, *inner = [part.replace("~1", "/").replace("~0", "~") for part in pointer]
    field = fields.get(name)
    if field is None:
        named = str(complaint.get("parameter") or name).partition(".")[0].replace("_", "-")
        return (f"--{named}" if named else "these options"), detail
    if inner and "object" in field.taken.types and not inner[0].isdigit():
        return f"{field.option} {inner[0]}", detail
    place = next((int(part) for part in inner if part.isdigit()), None)
    if place is None or not field.taken.takes_many:
        return field.option, detail
    return f"{field.option}, number {place + 1}", detail
