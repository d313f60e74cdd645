"""What can go wrong over HTTP; the one place that knows status codes.

Every error leaves as a problem by RFC 9457 (`application/problem+json`): `type`, `title`, `status`,
`detail`, `instance`, and the stable `code` that programs branch on. Where a caller can mend the
request, `errors` says so item by item.

ProblemError       carries a code of `PROBLEMS`; raised by every package of `api`
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from api.http.validation import Complaint, complaints_of, summary

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
NO_HEADERS: Mapping[str, str] = {}
NO_MEMBERS: Mapping[str, Any] = {}

# What every answer carries, whoever writes it.
SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One kind of problem: its HTTP status, its title, and what it means."""

    status: int
    title: str
    meaning: str


PROBLEMS = {
    "bad_request": ProblemType(400, "Bad request", "The request can't be understood."),
    "malformed_http": ProblemType(
        400, "Not HTTP", "What came is no HTTP/1.1 request, or doesn't name one `Host`."
    ),
    "key_required": ProblemType(
        401, "Key required", "This service wants an API key: `Authorization: Bearer genart_…`."
    ),
    "invalid_key": ProblemType(401, "Invalid key", "The API key is unknown or was revoked."),
    "forbidden_host": ProblemType(
        403, "Host not allowed", "The `Host` header names no host of this service."
    ),
    "forbidden_origin": ProblemType(
        403, "Origin not allowed", "A page of another origin may not change anything here."
    ),
    "not_found": ProblemType(404, "Not found", "There is no such address."),
    "unknown_job": ProblemType(
        404, "No such job", "The job id is malformed, unknown, deleted or another client's."
    ),
    "unknown_output": ProblemType(404, "No such output", "The job has fewer outputs."),
    "unknown_preview": ProblemType(
        404, "No such preview", "The job shows no picture, or has not shown so many."
    ),
    "no_such_asset": ProblemType(
        404, "No such picture", "The sha256 is malformed, unknown, expired or another client's."
    ),
    "no_such_model": ProblemType(404, "No such model", "No model has this name."),
    "method_not_allowed": ProblemType(
        405, "Method not allowed", "The address exists; `Allow` lists what can be done with it."
    ),
    "request_timeout": ProblemType(
        408, "Too slow", "The request line and its header fields did not come in time."
    ),
    "job_not_finished": ProblemType(
        409, "Job not finished", "Outputs exist once the job has succeeded."
    ),
    "no_outputs": ProblemType(409, "Job without outputs", "The job has ended without outputs."),
    "no_webhook": ProblemType(
        409, "No webhook", "The job has not ended, or nobody was to be told of this ending."
    ),
    "gone": ProblemType(410, "Gone", "It was kept for its time and has been removed."),
    "body_too_large": ProblemType(413, "Body too large", "The body has more bytes than allowed."),
    "image_too_large": ProblemType(
        413, "Picture too large", "One of the pictures has more bytes than allowed."
    ),
    "unsupported_media_type": ProblemType(
        415, "Unsupported media type", "The body is not in a form that this address takes."
    ),
    "range_not_satisfiable": ProblemType(
        416, "Range not satisfiable", "The range begins behind the last byte."
    ),
    "invalid_json": ProblemType(422, "Invalid JSON", "The body is not JSON in UTF-8."),
    "invalid_form": ProblemType(
        422, "Invalid form", "The body is not multipart/form-data, or has too many parts."
    ),
    "invalid_image": ProblemType(
        422, "Invalid picture", "A file is no picture that can be read, or has too many pixels."
    ),
    "unknown_asset": ProblemType(
        422, "Unknown asset", "You have no picture with this sha256 here; send it again."
    ),
    "url_not_allowed": ProblemType(
        422, "Addresses not taken", "This service fetches no pictures; send the picture itself."
    ),
    "url_not_fetched": ProblemType(
        422, "Picture not fetched", "No picture could be fetched from the https address."
    ),
    "webhooks_off": ProblemType(
        422, "No webhooks", "This service tells nobody of a job's end; poll or follow it instead."
    ),
    "unknown_input": ProblemType(
        422, "Unknown input", "The job whose output is to be used is not there, or not yours."
    ),
    "not_reproducible": ProblemType(
        422, "Nothing to reproduce", "The picture doesn't say what made it, or this can't be read."
    ),
    "too_large": ProblemType(
        422,
        "Too large to make",
        "No worker has the memory or the time for it; `fits` says what to lower, and to what.",
    ),
    "invalid_request": ProblemType(
        422, "Invalid request", "A field is unknown, of a wrong type or out of its bounds."
    ),
    "invalid_parameter": ProblemType(
        422, "Invalid parameter", "A parameter in the address is wrong."
    ),
    "invalid_header": ProblemType(422, "Invalid header", "A header field is wrong."),
    "unknown_model": ProblemType(
        422, "Unknown model", "No model of this art has the name; `known` lists those that exist."
    ),
    "model_not_pulled": ProblemType(
        409,
        "Model not pulled",
        "The model is known, its file is not here; `genart models pull` fetches it.",
    ),
    "idempotency_conflict": ProblemType(
        422, "Idempotency key reused", "The key came before with another request."
    ),
    "quota_exceeded": ProblemType(
        429, "Quota exceeded", "You have as many unfinished jobs as one client may have."
    ),
    "rate_exceeded": ProblemType(
        429,
        "Too many submits",
        "You have submitted as much as you may in a minute.",
    ),
    "asset_bytes_exceeded": ProblemType(
        429, "Too many bytes kept", "The pictures kept for you have as many bytes as they may."
    ),
    "queue_bytes_exceeded": ProblemType(
        429,
        "Too many bytes queued",
        "Requests and pictures of your unfinished jobs weigh as much as they may.",
    ),
    "webhooks_exceeded": ProblemType(
        429,
        "Too many webhooks undelivered",
        "As many of your webhooks wait for your receiver as may wait.",
    ),
    "head_too_large": ProblemType(
        431, "Head too large", "The request line and its header fields are too long or too many."
    ),
    "internal": ProblemType(500, "Internal error", "A fault of ours; it has been logged."),
    "queue_full": ProblemType(503, "Queue full", "As many jobs wait as may wait in all."),
    "webhooks_full": ProblemType(
        503, "Webhooks full", "As many webhooks wait to be delivered as may wait in all."
    ),
    "draining": ProblemType(503, "Shutting down", "This gateway is going; try again."),
    "store_unavailable": ProblemType(
        503, "Job store unavailable", "Redis does not answer; try again."
    ),
    "files_unavailable": ProblemType(
        503, "File store unavailable", "Files can't be stored or read at present; try again."
    ),
}

_BY_STATUS = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "body_too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
}


class ProblemError(Exception):
    """Raised to answer a request with a problem; `code` is a key of `PROBLEMS`."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: Sequence[Complaint] = (),
        headers: Mapping[str, str] = NO_HEADERS,
        members: Mapping[str, Any] = NO_MEMBERS,
    ) -> None:
        """`members` are further members of the problem object."""
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.errors = errors
        self.headers = headers
        self.members = members


def unavailable() -> ProblemError:
    """Return the problem of a Redis that doesn't answer."""
    detail = "The job store does not answer; nothing is lost, try again"
    return ProblemError("store_unavailable", detail, headers={"retry-after": "2"})


_PATH_CHARACTERS = "/:@!$&'()*+,;=~"  # of a URI reference, beside letters and digits


def respond(problem: ProblemError, scope: Scope) -> Response:
    """Return the answer for a problem."""
    headers = {"cache-control": "no-store", **problem.headers}
    content = orjson.dumps(body_of(problem, scope))
    return Response(content, PROBLEMS[problem.code].status, headers, MEDIA_TYPE)


def body_of(problem: ProblemError, scope: Scope) -> dict[str, Any]:
    """Return a problem's members."""
    kind = PROBLEMS[problem.code]
    body: dict[str, Any] = {
        "type": f"/problems/{problem.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": problem.detail,
        "instance": quote(scope["path"][:200], safe=_PATH_CHARACTERS),
        "code": problem.code,
        "request_id": scope["state"].get("request_id"),
        **problem.members,
    }
    if problem.errors:
        body["errors"] = problem.errors
    return body


def register(app: FastAPI) -> None:
    """Make every error of an app leave as a problem."""

    async def on_problem(request: Request, error: Any) -> Response:
        return respond(error, request.scope)

    async def on_http(request: Request, error: Any) -> Response:
        return respond(_from_http(error, request.scope), request.scope)

    async def on_parameters(request: Request, error: Any) -> Response:
        complaints = complaints_of(error.errors(), parameters=True)
        problem = ProblemError("invalid_parameter", summary(complaints), errors=complaints)
        return respond(problem, request.scope)

    async def on_hang_up(request: Request, error: Any) -> Response:
        # nobody is there to read it
        return respond(ProblemError("bad_request", "The caller hung up"), request.scope)

    async def on_fault(request: Request, error: Any) -> Response:
        # outside of all middleware; the server logs the traceback right after this line
        log.error("a request met a fault")
        detail = "Something went wrong on our side; it has been logged"
        response = respond(ProblemError("internal", detail), request.scope)
        request_id = request.scope["state"].get("request_id", "")
        # the server hangs up after a fault
        added = {**SECURITY_HEADERS, "x-request-id": request_id, "connection": "close"}
        response.headers.update(added)
        return response

    app.add_exception_handler(ProblemError, on_problem)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_parameters)
    app.add_exception_handler(ClientDisconnect, on_hang_up)
    app.add_exception_handler(Exception, on_fault)


def _from_http(error: HTTPException, scope: Scope) -> ProblemError:
    """Translate what the framework itself raises."""
    code = _BY_STATUS.get(error.status_code, "bad_request")
    path, method = scope["path"][:200], scope["method"][:20]
    if code == "not_found":
        return ProblemError(code, f"There is nothing at {path}; /openapi.json lists what there is")
    if code == "method_not_allowed":
        allowed = ", ".join(_methods(scope))
        detail = f"{method} is not possible at {path}; allowed: {allowed}"
        return ProblemError(code, detail, headers={"allow": allowed})
    return ProblemError(code, str(error.detail), headers=error.headers or NO_HEADERS)


def _methods(scope: Scope) -> list[str]:
    """Return the methods that this path has; the framework knows each in a route of its own."""
    found = [
        method
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if any(
            route.matches({**scope, "method": method})[0] is Match.FULL
            for route in scope["app"].routes
        )
    ]
    return ["GET", "HEAD", *found[1:]] if "GET" in found else found  # (`api.http.head`)
