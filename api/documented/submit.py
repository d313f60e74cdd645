"""Entering a job: what is said of the request, its form, and the answers."""

from typing import Any

from api.answers.representation import JobView
from api.documented.parts import (
    CACHE_CONTROL,
    JOB_HEADERS,
    KEY,
    PREFER,
    QUOTA_HEADERS,
    Responses,
    header,
    problems,
)
from api.submitting.options import parameters
from genart_core.catalogue import Kind
from genart_core.public import ART as PUBLIC_ART
from genart_core.request import example_of, image_fields

SUBMIT = """Enter a job. The answer is `202` at once, with the whole job and its address.

With `Prefer: wait=n` the answer is held back for up to n seconds; a job that has ended by then is
answered with `200`. With `Idempotency-Key` the same request can be sent again safely: it gives the
job that the first one made, as it is by now, and nothing is made twice. Keys are kept for 24 hours;
one that comes with another request is a 422, one whose job has been removed since a 410.

A request that names its `seed` and has been made for you before is answered with `200` and a new
job that has its outputs, `cached: true`. `Cache-Control: no-cache` has it made anew; with
`no-store` its results are not given to later requests either.

What is said of the job rather than of the art stands in the address, the same for all kinds and
forms of body: `?priority=high&tag=a&tag=b&finish_within=60`."""

_SUBMIT_HEADERS = {
    **JOB_HEADERS,
    "Location": header("The job's address."),
    "Idempotency-Replayed": header("`true` if the job is that of an earlier request."),
    "Preference-Applied": header("What of `Prefer` was heeded, with the wait granted."),
    **QUOTA_HEADERS,
}
_PICTURE_PROBLEMS = (
    *("image_too_large", "invalid_form", "invalid_image", "unknown_asset", "unknown_input"),
    *("url_not_allowed", "url_not_fetched", "job_not_finished", "files_unavailable"),
    "asset_bytes_exceeded",
)
ADMISSION = (
    *("quota_exceeded", "rate_exceeded", "queue_bytes_exceeded", "queue_full"),
    *("webhooks_exceeded", "webhooks_full"),
)


def submit_responses(kind: Kind) -> Responses:
    """Answers to a POST that makes art."""
    return {
        200: {
            "description": "Ended in time, or made before",
            "model": JobView,
            "headers": _SUBMIT_HEADERS,
        },
        202: {"description": "Accepted", "model": JobView, "headers": _SUBMIT_HEADERS},
        **problems(
            *("body_too_large", "unsupported_media_type"),
            *("invalid_json", "invalid_request", "unknown_model", "idempotency_conflict"),
            *("invalid_parameter", "webhooks_off", "gone"),
            *(("model_not_pulled",) if kind.models == PUBLIC_ART else ()),
            "too_large",
            *(_PICTURE_PROBLEMS if image_fields(kind.request) else ()),
            *("invalid_header", "draining", "store_unavailable", *ADMISSION),
        ),
    }


def submit_headers() -> dict[str, Any]:
    """Headers of the answer to any request that enters a job."""
    return _SUBMIT_HEADERS


def submit_parameters() -> list[dict[str, Any]]:
    """Parameters and headers of any request that enters a job."""
    return [*parameters(), PREFER, KEY]


def submit_extra(kind: Kind) -> dict[str, Any]:
    """Body, parameters and headers of a POST that makes art."""
    schema = {"$ref": f"#/components/schemas/{kind.request.__name__}"}
    full = example_of(kind.request)
    required = {name for name, field in kind.request.model_fields.items() if field.is_required()}
    least = {name: value for name, value in full.items() if name in required}
    examples = {
        "defaults": {"summary": "All by default", "value": least},
        "full": {"summary": "Some of it said", "value": full},
    }
    content: dict[str, Any] = {"application/json": {"schema": schema, "examples": examples}}
    if image_fields(kind.request):
        content["multipart/form-data"] = {
            "schema": {"$ref": f"#/components/schemas/{form_name(kind)}"},
            "encoding": {name: {"contentType": "image/*"} for name in image_fields(kind.request)},
        }
    return {
        "requestBody": {"required": True, "content": content},
        "parameters": [*submit_parameters(), CACHE_CONTROL],
    }


def form_schema(kind: Kind) -> dict[str, Any]:
    """Return the form of a kind's body: its pictures as files, what isn't plain as JSON text."""
    schema = kind.request.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    file = {"type": "string", "format": "binary", "contentMediaType": "image/*"}
    for name, takes_list in image_fields(kind.request).items():
        told = schema["properties"][name]
        shape = {"type": "array", "items": file, **_sizes(told)} if takes_list else file
        kept = {key: told[key] for key in ("title", "description", "x-advanced") if key in told}
        schema["properties"][name] = {**kept, **shape}
    schema["title"] = form_name(kind)
    schema["description"] = (
        f"{schema.get('description', '')}\n\nA picture is a file, or text as in JSON. A list of "
        "pictures is its field, repeated; other lists and objects are JSON text."
    ).strip()
    return schema


def form_name(kind: Kind) -> str:
    """Return what the schema of a kind's form is called."""
    return f"{kind.request.__name__.removesuffix('Request')}Form"


def _sizes(schema: dict[str, Any]) -> dict[str, int]:
    """Return the bounds of a list, which may also be one of several things."""
    lists = [one for one in (schema, *schema.get("anyOf", ())) if one.get("type") == "array"]
    return {key: one[key] for one in lists for key in ("minItems", "maxItems") if key in one}
