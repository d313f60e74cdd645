"""What the routes' answers and headers are described with."""

from typing import Any, TypeAlias

from api.http.errors import MEDIA_TYPE, PROBLEMS
from api.http.headers import KEY_PATTERN

# What any request can be answered with, whatever its route.
_ANYWHERE = (
    *("bad_request", "malformed_http", "method_not_allowed", "request_timeout", "head_too_large"),
    "internal",
)

Responses: TypeAlias = dict[int | str, dict[str, Any]]


def header(description: str, kind: str = "string") -> dict[str, Any]:
    """Return a header of an answer."""
    return {"description": description, "schema": {"type": kind}}


def parameter(name: str, description: str, example: str, **schema: Any) -> dict[str, Any]:
    """Return a header of a request; `schema` says more of it than that it is text."""
    return {
        "in": "header",
        "name": name,
        "required": False,
        "description": description,
        "schema": {"type": "string", **schema},
        "example": example,
    }


STORES = ("files_unavailable", "store_unavailable")
_RETRY_AFTER = header(
    "Seconds after which it is worth asking again; only while it isn't done.", "integer"
)
JOB_HEADERS = {
    "ETag": header('The job\'s version, as in `"v3"`.'),
    "Retry-After": _RETRY_AFTER,
}
QUOTA_HEADERS = {
    "RateLimit-Policy": header('Your limits: `"jobs"` unfinished, their `"bytes"`, `"submits"`.'),
    "RateLimit": header("What is left of each (`r`), and when there will be more (`t`, seconds)."),
}
PREFER = parameter(
    "Prefer",
    "RFC 7240. `wait=n`: hold the answer back for up to n seconds. `respond-async`: answer before "
    "the job has ended, after the wait if there is one; that is the default.",
    "wait=30",
)
IF_NONE_MATCH = parameter(
    "If-None-Match", "Entity tags already at hand; if one is current: 304.", '"v3"'
)
CACHE_CONTROL = parameter(
    "Cache-Control", "`no-cache`: make it, though its results be there.", "no-cache"
)
KEY = parameter(
    "Idempotency-Key",
    "Makes it safe to send the request again; 1 to 255 printable ASCII characters.",
    "8e03978e-40d5-43dd-bc93-6894a57f9324",
    pattern=KEY_PATTERN,
)


def problems(*codes: str) -> Responses:
    """Return the answers for these problems, and for all that any route can have."""
    found: Responses = {"default": _problem("Any other problem.", *_ANYWHERE)}
    for code in codes:
        kind = PROBLEMS[code]
        line = f"`{code}`: {kind.meaning}"
        earlier = found.get(kind.status)
        if earlier:
            earlier["description"] += f"\n\n{line}"
            earlier["content"][MEDIA_TYPE]["examples"][code] = _example(code)
            continue
        found[kind.status] = _problem(line, code)
        if kind.status in (429, 503):
            quota = QUOTA_HEADERS if kind.status == 429 else {}
            found[kind.status]["headers"] = {
                "Retry-After": header("Seconds to wait.", "integer"),
                **quota,
            }
    return found


def _problem(description: str, *codes: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    examples = {code: _example(code) for code in codes}
    content = {MEDIA_TYPE: {"schema": schema, "examples": examples}}
    return {"description": description, "content": content}


def _example(code: str) -> dict[str, str]:
    return {"$ref": f"#/components/examples/problem_{code}"}
