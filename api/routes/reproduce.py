"""Making again what was made before."""

from importlib.metadata import version

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.dependencies import Gateway, client_of, draining, gateway_of
from api.documented import reproduce as documented
from api.http.errors import ProblemError
from api.http.headers import fields_of, idempotency_key
from api.http.validation import shown
from api.incoming.bodies import is_json, parse, read_body
from api.incoming.uploads import Upload
from api.routes.kinds import enter
from api.submitting.drafts import Draft
from api.submitting.inputs import no_such_job, resolve
from api.submitting.options import options_of
from api.submitting.picture_body import read_picture
from api.submitting.reproduction import (
    Made,
    ReproduceRequest,
    made_of_job,
    made_of_signature,
    request_of,
    warnings,
)
from api.submitting.submission import Entry, vet
from genart_core.jobs import caller
from genart_core.jobs.record import parse_job_id
from genart_core.signature import read_signature

router = APIRouter(prefix="/v1", tags=["Make"])

_ALWAYS_MADE = frozenset({"no-cache"})
_JSON_LINE = """; or a job's id, as in: curl --json '{"job": "0…"}' to this address"""


@router.post(
    "/reproduce",
    operation_id="reproduce",
    summary="Make a picture or a job again",
    status_code=202,
    responses=documented.responses(),
    openapi_extra=documented.BODY_EXTRA,
)
async def reproduce(request: Request) -> Response:
    """Make again what a picture shows or a job made, as a new job.

    The body is a picture from here, as it is or as `file` of a form, or JSON with a job's id. What
    the picture says of itself is checked like any request; pictures that went into it must be yours
    and still be stored. `warnings` tell what has changed since. It is always made, never taken from
    earlier results.
    """
    gateway, client, fields = gateway_of(request), client_of(request), fields_of(request.scope)
    if gateway.is_draining:
        raise draining()
    key = idempotency_key(fields)
    options = options_of(request.scope, gateway.settings)
    made = await _made(gateway, request, fields, client)
    kind = request.app.state.kinds.get(made.kind)
    if kind is None:
        detail = f"This was made by {shown(made.kind)}, a kind that there isn't here"
        raise ProblemError("not_reproducible", detail)
    art = request_of(kind, made)
    await vet(gateway, kind, art, options.finish_within)
    art = await resolve(gateway, client, Draft(art, [], {}))
    told = warnings(made, gateway.overview.models, version("genart"))
    entry = Entry(kind, client, key, options, _ALWAYS_MADE)
    return await enter(request, entry, art, {"warnings": told})


async def _made(
    gateway: Gateway, request: Request, fields: dict[bytes, bytes], client: str
) -> Made:
    if is_json(fields):
        body = await read_body(request, fields, gateway.settings.max_body_bytes)
        return await _made_by(gateway, parse(ReproduceRequest, body).job, client)
    upload, _ = await read_picture(gateway, request, fields, or_else=_JSON_LINE)
    try:
        return await gateway.intake.run(_read, upload)
    finally:
        upload.close()


async def _made_by(gateway: Gateway, text: str, client: str) -> Made:
    job_id = parse_job_id(text)
    if job_id is None:
        raise no_such_job("/job", text, "missing")
    found = await gateway.ask(caller.get(job_id, client))
    if found.placed is None:
        raise no_such_job("/job", text, found.state)
    return made_of_job(found.placed.job)


def _read(upload: Upload) -> Made:
    return made_of_signature(read_signature(upload.read()))
