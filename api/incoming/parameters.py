"""Parameters of the addresses, as the OpenAPI document tells them.

What is malformed in a path is looked for and not found, which a route answers with its own 404; so
those patterns stand in the document and are no validation.
"""

from typing import Annotated, Any, TypeAlias

from fastapi import Path, Query

from api.http.errors import PROBLEMS, ProblemError
from api.http.validation import shown

JOB_ID = r"[0-7][0-9a-hjkmnp-tv-z]{25}"
_NUMBER: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 999_999_999}

JobIdPath: TypeAlias = Annotated[
    str,
    Path(
        description="The job's `id`.",
        examples=["06f0c4r8v1q2w3e4r5t6y7m8p9"],
        json_schema_extra={"pattern": f"^{JOB_ID}$"},
    ),
]
OutputPath: TypeAlias = Annotated[
    str,
    Path(
        description="Place in the job's `outputs`, from 0.",
        examples=[0],
        json_schema_extra=_NUMBER,
    ),
]
PreviewPath: TypeAlias = Annotated[
    str,
    Path(
        description="Number of a preview that was shown, from 0; the latest is sent.",
        examples=[0],
        json_schema_extra=_NUMBER,
    ),
]
Sha256Path: TypeAlias = Annotated[
    str,
    Path(
        description="The picture's `sha256`, as 64 hexadecimal digits in lower case.",
        examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
        json_schema_extra={"pattern": "^[0-9a-f]{64}$"},
    ),
]
ModelPath: TypeAlias = Annotated[
    str,
    Path(description="The model's `name`, as `GET /v1/models` lists it.", examples=["nietzsche"]),
]
ProblemPath: TypeAlias = Annotated[
    str,
    Path(
        description="The problem's `code`.",
        examples=["gone"],
        json_schema_extra={"enum": sorted(PROBLEMS)},
    ),
]


def cursor_query(pattern: str) -> Any:
    """Return how a list is read on; `pattern` is that of the cursors that its pages give."""
    return Query(
        description="`cursor` of the page before; empty: the first page.",
        max_length=100,
        json_schema_extra={"pattern": f"^({pattern})?$"},
    )


def wrong_parameter(parameter: str, value: str, advice: str) -> ProblemError:
    """Return the problem of a parameter whose value means nothing here."""
    detail = f"{parameter} can't be {shown(value)}; {advice}"
    complaint = {"parameter": parameter, "detail": detail, "got": shown(value)}
    return ProblemError("invalid_parameter", detail, errors=[complaint])
