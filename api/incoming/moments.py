"""Times that callers give: RFC 3339 with an offset, and nothing else that could be read as one."""

import re
from typing import Annotated, TypeAlias

from pydantic import AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)


def _require_text(value: object) -> object:
    """Refuse numbers, which the parser would take as seconds since 1970, and loose spellings."""
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        return value
    raise PydanticCustomError("rfc_3339", "A time is written as in 2026-11-25T18:00:00Z (RFC 3339)")


Moment: TypeAlias = Annotated[AwareDatetime, BeforeValidator(_require_text)]
