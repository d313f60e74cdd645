"""What the OpenAPI document says beyond the types: answers, headers and examples of each route."""

from typing import Any, TypeAlias

from api.errors import MEDIA_TYPE, PROBLEMS
from api.options import parameters
from api.representation import JobView, PageView
from api.schemas import ExplanationView, HealthView, ModelsView, ModelView, WorkersView
from genart_core.catalogue import Kind
from genart_core.public import ART as PUBLIC_ART
from genart_core.request import image_fields

_PICTURE = f"asset:{'0' * 64}"

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

EVENTS = """The job's life as server-sent events, until it is done.

| event | data |
|---|---|
| `snapshot` | `{job, partial, preview}`: the job, its texts and preview so far; replaces all |
| `status` | `{status, attempt, version}`; `queued` voids the partial texts and the preview |
| `progress` | `{step, total, version}` |
| `token` | `{sample, offset, text}`: `text` stands at character `offset` of that sample |
| `preview` | `{number, media_type, width, height, url}`: a picture of the job so far |
| `result` | `{job}`: the whole job, which has ended |
| `done` | `{status, version}`: the last event |

A fresh reader gets a `snapshot` first. A reader that gives the `id` of the last event it saw, as
`Last-Event-ID` or `?after=`, gets what came after it, or a new `snapshot` if that is no longer
kept. One that has seen everything gets `204`."""


def _header(description: str, kind: str = "string") -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind}}


def _parameter(name: str, description: str, example: str) -> dict[str, Any]:
    return {
        "in": "header",
        "name": name,
        "required": False,
        "description": description,
        "schema": {"type": "string"},
        "example": example,
    }


_STORES = ("files_unavailable", "store_unavailable")
_RETRY_AFTER = _header("Seconds after which it is worth asking again; only while it isn't done.")
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
_PREFER = _parameter(
    "Prefer",
    "RFC 7240. `wait=n`: hold the answer back for up to n seconds. `respond-async`: answer before "
    "the job has ended, after the wait if there is one; that is the default.",
    "wait=30",
)
_IF_NONE_MATCH = _parameter(
    "If-None-Match", "Entity tags already at hand; if one is current: 304.", '"v3"'
)
CACHE_CONTROL = _parameter(
    "Cache-Control", "`no-cache`: make it, though its results be there.", "no-cache"
)
KEY = _parameter(
    "Idempotency-Key",
    "Makes it safe to send the request again; 1 to 255 printable ASCII characters.",
    "8e03978e-40d5-43dd-bc93-6894a57f9324",
)


def problems(*codes: str) -> Responses:
    """Return the answers for these problems, and for all that any route can have."""
    found: Responses = {"default": _problem("Any other problem.")}
    for code in codes:
        kind = PROBLEMS[code]
        line = f"`{code}`: {kind.meaning}"
        earlier = found.get(kind.status)
        found[kind.status] = _problem(f"{earlier['description']}\n\n{line}" if earlier else line)
        if kind.status in (429, 503):
            quota = QUOTA_HEADERS if kind.status == 429 else {}
            found[kind.status]["headers"] = {"Retry-After": _header("Seconds to wait."), **quota}
    return found


def _problem(description: str) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": description, "content": content}


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
            *("forbidden_host", "forbidden_origin", "body_too_large", "unsupported_media_type"),
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
        content["multipart/form-data"] = _form_content(kind)
    return {
        "requestBody": {"required": True, "content": content},
        "parameters": [*submit_parameters(), CACHE_CONTROL],
    }


def _form_content(kind: Kind) -> dict[str, Any]:
    """Return the form of a kind's body: its pictures as files, what isn't plain as JSON text."""
    schema = kind.request.model_json_schema(ref_template="#/components/schemas/{model}")
    schema.pop("$defs", None)
    file = {"type": "string", "format": "binary", "contentMediaType": "image/*"}
    encoding = {}
    for name, takes_list in image_fields(kind.request).items():
        kept = {key: schema["properties"][name].get(key) for key in ("title", "description")}
        shape = {"type": "array", "items": file} if takes_list else file
        schema["properties"][name] = {**{k: v for k, v in kept.items() if v}, **shape}
        encoding[name] = {"contentType": "image/*"}
    schema["title"] = f"{schema['title']}Form"
    schema["description"] = (
        f"{schema.get('description', '')}\n\nA picture is a file, or text as in JSON. A list of "
        "pictures is its field, repeated; other lists and objects are JSON text."
    ).strip()
    return {"schema": schema, "encoding": encoding}


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


def event_responses() -> Responses:
    """Answers to following a job."""
    stream = {"text/event-stream": {"schema": {"type": "string"}}}
    return {
        200: {"description": "The events", "content": stream},
        204: {"description": "There is nothing more to come"},
        **problems("unknown_job", "gone", "invalid_parameter", "store_unavailable"),
    }


EVENTS_EXTRA = {
    "parameters": [
        _parameter("Last-Event-ID", "The last event that was seen.", "1793456789012-0"),
    ]
}


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
        _parameter("Range", "One range of bytes.", "bytes=0-99"),
        _parameter("If-Range", "The entity tag that the range is of.", '"9f86d0…"'),
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


def models_responses() -> Responses:
    """Answers to listing models."""
    return {200: {"description": "The models", "model": ModelsView}, **problems()}


def model_responses() -> Responses:
    """Answers to reading a model."""
    return {200: {"description": "The model", "model": ModelView}, **problems("no_such_model")}


def health_responses() -> Responses:
    """Answers to asking whether the process lives."""
    return {200: {"description": "It does", "model": HealthView}, **problems()}


def readiness_responses() -> Responses:
    """Answers to asking whether the service can take work."""
    ok = {"description": "It can", "model": HealthView}
    return {200: ok, **problems("draining", "store_unavailable")}


def workers_responses() -> Responses:
    """Answers to listing workers."""
    ok = {"description": "The workers", "model": WorkersView}
    return {200: ok, **problems("store_unavailable")}


def metrics_responses() -> Responses:
    """Answers to a scrape."""
    content = {"text/plain": {"schema": {"type": "string"}}}
    ok = {"description": "The figures", "content": content}
    return {200: ok, **problems("invalid_parameter")}


def explain_responses() -> Responses:
    """Answers to asking what a problem means."""
    ok = {"description": "Its meaning", "model": ExplanationView}
    return {200: ok, **problems("not_found")}
