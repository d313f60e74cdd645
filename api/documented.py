"""What the OpenAPI document says beyond the types: answers, headers and examples of each route."""

from typing import Any, TypeAlias

from api.errors import MEDIA_TYPE, PROBLEMS
from api.headers import KEY_PATTERN
from api.options import parameters
from api.representation import JobView, PageView
from genart_core.catalogue import Kind
from genart_core.public import ART as PUBLIC_ART
from genart_core.request import image_fields

_PICTURE = f"asset:{'0' * 64}"

# What any request can be answered with, whatever its route.
_ANYWHERE = (
    *("bad_request", "malformed_http", "method_not_allowed", "request_timeout", "head_too_large"),
    "internal",
)

Responses: TypeAlias = dict[int | str, dict[str, Any]]

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


def _header(description: str, kind: str = "string") -> dict[str, Any]:
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


_STORES = ("files_unavailable", "store_unavailable")
_RETRY_AFTER = _header(
    "Seconds after which it is worth asking again; only while it isn't done.", "integer"
)
_JOB_HEADERS = {
    "ETag": _header('The job\'s version, as in `"v3"`.'),
    "Retry-After": _RETRY_AFTER,
}
QUOTA_HEADERS = {
    "RateLimit-Policy": _header('Your limits: `"jobs"` unfinished, their `"bytes"`, `"submits"`.'),
    "RateLimit": _header("What is left of each (`r`), and when there will be more (`t`, seconds)."),
}
_SUBMIT_HEADERS = {
    **_JOB_HEADERS,
    "Location": _header("The job's address."),
    "Idempotency-Replayed": _header("`true` if the job is that of an earlier request."),
    "Preference-Applied": _header("What of `Prefer` was heeded, with the wait granted."),
    **QUOTA_HEADERS,
}
_PREFER = parameter(
    "Prefer",
    "RFC 7240. `wait=n`: hold the answer back for up to n seconds. `respond-async`: answer before "
    "the job has ended, after the wait if there is one; that is the default.",
    "wait=30",
)
_IF_NONE_MATCH = parameter(
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
                "Retry-After": _header("Seconds to wait.", "integer"),
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
    return [*parameters(), _PREFER, KEY]


def submit_extra(kind: Kind) -> dict[str, Any]:
    """Body, parameters and headers of a POST that makes art."""
    schema = {"$ref": f"#/components/schemas/{kind.request.__name__}"}
    full = example_of(kind)
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


def example_of(kind: Kind) -> dict[str, Any]:
    """Return a request of this kind, from the examples of its fields."""
    pictures = image_fields(kind.request)
    found = {}
    for name, field in kind.request.model_fields.items():
        if field.examples:
            found[name] = field.examples[0]
        elif name in pictures and field.is_required():
            found[name] = [_PICTURE] if pictures[name] else _PICTURE
    return found


def job_responses() -> Responses:
    """Answers that are a job."""
    ok = {"description": "The job", "model": JobView, "headers": _JOB_HEADERS}
    return {200: ok, **problems("unknown_job", "gone", "store_unavailable")}


def get_responses() -> Responses:
    """Answers to reading a job."""
    return {304: {"description": "It has not changed"}, **job_responses()}


GET_EXTRA = {"parameters": [_PREFER, _IF_NONE_MATCH]}


def list_responses() -> Responses:
    """Answers to listing jobs."""
    ok = {"description": "A page of jobs", "model": PageView}
    return {200: ok, **problems("invalid_parameter", "store_unavailable")}


def delete_responses() -> Responses:
    """Answers to deleting a job."""
    gone = {"description": "It is gone"}
    return {204: gone, **problems("unknown_job", "gone", "store_unavailable")}


def preview_responses() -> Responses:
    """Answers to fetching a preview."""
    content = {"image/*": {"schema": {"type": "string", "format": "binary"}}}
    headers = {
        "ETag": _header("The file's sha256."),
        "Content-Location": _header("The address of the preview that this is."),
    }
    return {
        200: {"description": "The picture", "content": content, "headers": headers},
        304: {"description": "It has not changed"},
        **problems("unknown_job", "unknown_preview", "gone", *_STORES),
    }


def output_responses() -> Responses:
    """Answers to fetching an output."""
    content = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
    headers = {
        "ETag": _header("The file's sha256."),
        "Content-Disposition": _header("A name for the file."),
        "Accept-Ranges": _header("`bytes`."),
    }
    part = {**headers, "Content-Range": _header("Which bytes these are.")}
    return {
        200: {"description": "The file", "content": content, "headers": headers},
        206: {"description": "The part asked for", "content": content, "headers": part},
        304: {"description": "It is the one at hand"},
        **problems(
            *("unknown_job", "unknown_output", "job_not_finished", "no_outputs", "gone"),
            *("range_not_satisfiable", *_STORES),
        ),
    }


OUTPUT_EXTRA = {
    "parameters": [
        parameter("Range", "One range of bytes.", "bytes=0-99"),
        parameter("If-Range", "The entity tag that the range is of.", f'"{"0" * 64}"'),
        _IF_NONE_MATCH,
    ]
}


def archive_responses() -> Responses:
    """Answers to fetching all outputs."""
    content = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
    headers = {
        "ETag": _header("Stands for the names and contents of the files."),
        "Content-Disposition": _header("A name for the archive."),
    }
    return {
        200: {"description": "The archive", "content": content, "headers": headers},
        304: {"description": "It is the one at hand"},
        **problems("unknown_job", "job_not_finished", "no_outputs", "gone", *_STORES),
    }


ARCHIVE_EXTRA = {"parameters": [_IF_NONE_MATCH]}
