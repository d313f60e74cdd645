"""Many jobs with one request."""

from typing import Any

from api.answers.schemas import BatchView, CancelView
from api.documented.parts import CACHE_CONTROL, KEY, QUOTA_HEADERS, Responses, problems

BATCH_EXAMPLE: dict[str, Any] = {
    "jobs": [
        {"kind": "text", "request": {"prompt": "what is noble? "}, "tags": ["night"]},
        {"kind": "text", "request": {"seed": 2}, "priority": "low"},
    ]
}
BULK_EXAMPLE: dict[str, Any] = {"tag": "night", "status": "queued"}


def _body(name: str, example: dict[str, Any]) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{name}"}
    content = {"application/json": {"schema": schema, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


BATCH_EXTRA = {**_body("BatchRequest", BATCH_EXAMPLE), "parameters": [KEY, CACHE_CONTROL]}
BULK_EXTRA = _body("CancelRequest", BULK_EXAMPLE)
_BODY_PROBLEMS = (
    *("body_too_large", "unsupported_media_type"),
    *("invalid_json", "invalid_request", "invalid_parameter", "store_unavailable"),
)


def batch_responses() -> Responses:
    """Answers to submitting many jobs."""
    ok = {"description": "What became of each", "model": BatchView, "headers": QUOTA_HEADERS}
    return {200: ok, **problems(*_BODY_PROBLEMS, "invalid_header", "draining")}


def bulk_responses() -> Responses:
    """Answers to canceling many jobs."""
    ok = {"description": "The jobs as they are now", "model": CancelView}
    return {200: ok, **problems(*_BODY_PROBLEMS)}
