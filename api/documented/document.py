"""The OpenAPI document: how an app serves it, and what it holds."""

from functools import cache
from hashlib import sha256
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.responses import Response

from api.access.auth import is_open
from api.answers.schemas import MessageView, Problem
from api.documented.assets import FORM
from api.documented.events import DATA, event_schema
from api.documented.illustrate import illustrate
from api.documented.parts import problems
from api.documented.submit import form_name, form_schema
from api.documented.webhooks import message
from api.following.canceling import CancelRequest
from api.http.headers import fields_of, is_known
from api.submitting.batch import BatchRequest
from api.submitting.reproduction import ReproduceRequest
from genart_core.request import image_fields

_REF = "#/components/schemas/{model}"

DESCRIPTION = """Art from neural networks, on a job queue: post a request, get a job, follow it,
fetch its outputs. Whatever is there to GET answers HEAD, too. Errors are problems by RFC 9457 with
a stable `code`. Times are RFC 3339 in UTC, addresses relative to the root. Where the service wants
an API key, send it as `Authorization: Bearer genart_…`; a caller sees the jobs of its own key
alone."""

TAGS = [
    {"name": "Make", "description": "Enter a job: one address per kind of art."},
    {"name": "Jobs", "description": "Read, follow, cancel and delete jobs; fetch outputs."},
    {"name": "Assets", "description": "Pictures, sent once and named in requests."},
    {"name": "Models", "description": "What a request's `model` can name."},
    {"name": "Service", "description": "Health, figures, and what problems mean."},
]

LICENCE = {"name": "MIT", "url": "https://opensource.org/license/mit"}
SERVERS = [{"url": "/", "description": "The service that answers this document."}]


def install(app: FastAPI) -> None:
    """Make an app serve the document of `build`, built and written once, when first asked for.

    It is for everybody: to write it anew for each would let anybody keep a gateway busy.
    """

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = build(app)
        return app.openapi_schema

    @cache
    def written() -> tuple[bytes, str]:
        data = orjson.dumps(openapi())
        return data, f'"{sha256(data).hexdigest()[:32]}"'

    async def document(request: Request) -> Response:
        data, etag = written()
        headers = {"etag": etag, "cache-control": "no-cache"}
        if is_known(fields_of(request.scope), etag):
            return Response(status_code=304, headers=headers)
        return Response(data, 200, headers, "application/json")

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way
    app.add_route("/openapi.json", document, include_in_schema=False)


def build(app: FastAPI) -> dict[str, Any]:
    """Return the document: the framework's, with the bodies that the kinds take and problems."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
        license_info=LICENCE,
        servers=SERVERS,
    )
    bodies = [(model, "validation") for model in (BatchRequest, CancelRequest, ReproduceRequest)]
    bodies += [(kind.request, "validation") for kind in app.state.kinds.values()]
    answers = [(model, "serialization") for model in (Problem, MessageView, *DATA.values())]
    _, found = models_json_schema(
        [*bodies, *answers],  # type: ignore[list-item]  # a list of both modes
        ref_template=_REF,
    )
    schemas = document["components"]["schemas"]
    schemas.update(found["$defs"], Event=event_schema(), PictureForm=FORM)
    pictured = [kind for kind in app.state.kinds.values() if image_fields(kind.request)]
    schemas.update({form_name(kind): form_schema(kind) for kind in pictured})
    document["components"]["schemas"] = dict(sorted(schemas.items()))
    document["webhooks"] = {"job_ended": {"post": message()}}
    _name_kinds(document, list(app.state.kinds))
    _secure(document)
    illustrate(document)
    return document


def _name_kinds(document: dict[str, Any], kinds: list[str]) -> None:
    """Say which kinds a list of jobs can be narrowed to."""
    for parameter in document["paths"]["/v1/jobs"]["get"]["parameters"]:
        if parameter["name"] == "kind":
            parameter["schema"] = {**parameter["schema"], "enum": kinds}


def _secure(document: dict[str, Any]) -> None:
    """Say what wants a key, where keys are in use, and what never does."""
    document["components"]["securitySchemes"] = {
        "key": {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key, as `genart keys create` shows it.",
        }
    }
    challenge = {"description": "How to authenticate.", "schema": {"type": "string"}}
    refused = problems("key_required", "invalid_key")[401]
    refused["headers"] = {"WWW-Authenticate": challenge}
    foreign = {
        "get": problems("forbidden_host")[403],
        "other": problems("forbidden_host", "forbidden_origin")[403],
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["responses"]["403"] = foreign["get" if method == "get" else "other"]
            if is_open(path):
                operation["security"] = []
            else:
                operation["security"] = [{"key": []}, {}]
                operation["responses"]["401"] = refused
