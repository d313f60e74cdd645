"""Making art: one POST route per kind of the catalogue."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers.representation import job_response, job_url
from api.dependencies import Gateway, client_of, draining, gateway_of
from api.documented import submit as documented
from api.following.waiting import Patience, submit_and_wait
from api.http.errors import NO_MEMBERS
from api.http.headers import cache_directives, fields_of, idempotency_key, preferences
from api.incoming.bodies import parse, read_body, require_json
from api.submitting.drafts import read_draft
from api.submitting.inputs import resolve
from api.submitting.options import options_of
from api.submitting.submission import Entry, submit, submit_awaited, vet
from genart_core.catalogue import Kind
from genart_core.jobs.record import new_job_id
from genart_core.request import ArtRequest, image_fields


def router_of(kinds: dict[str, Kind]) -> APIRouter:
    """Return a route for each kind."""
    router = APIRouter(prefix="/v1", tags=["Make"])
    for kind in kinds.values():
        router.add_api_route(
            f"/{kind.name}",
            make(kind),
            methods=["POST"],
            status_code=202,
            summary=kind.summary,
            description=documented.SUBMIT,
            operation_id=f"make_{kind.name.replace('-', '_')}",
            responses=documented.submit_responses(kind),
            openapi_extra=documented.submit_extra(kind),
        )
    return router


def make(kind: Kind) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """Return the endpoint of one kind."""
    has_pictures = bool(image_fields(kind.request))

    async def endpoint(request: Request) -> Response:
        gateway, fields = gateway_of(request), fields_of(request.scope)
        if gateway.is_draining:
            raise draining()
        if not has_pictures:
            require_json(request, fields, kind)
        options = options_of(request.scope, gateway.settings)
        directives = cache_directives(request.scope)
        entry = Entry(kind, client_of(request), idempotency_key(fields), options, directives)
        if has_pictures:
            art = await _read_pictured(gateway, request, fields, entry)
        else:
            body = await read_body(request, fields, gateway.settings.max_body_bytes)
            art = parse(kind.request, body)
            await vet(gateway, kind, art, options.finish_within)
        return await enter(request, entry, art)

    return endpoint


async def enter(
    request: Request, entry: Entry, art: ArtRequest, members: Mapping[str, Any] = NO_MEMBERS
) -> Response:
    """Enter a job, wait for it as long as the caller would, and answer with it.

    The request has been vetted, and its pictures are stored. `members` are further members of the
    answer.
    """
    gateway, job_id = gateway_of(request), new_job_id()
    prefer = preferences(request.scope, gateway.settings.max_wait_seconds)
    if not prefer.wait:
        entered = await submit(gateway, entry, job_id, art)
        has_ended = entered.placed.job.cached
    else:
        entered = await submit_and_wait(
            gateway,
            job_id,
            entry.client,
            Patience(prefer.wait, request.receive),
            lambda: submit_awaited(gateway, entry, job_id, art),
        )
        has_ended = entered.placed.job.is_terminal
    headers = {**entered.headers, **prefer.applied(is_async=not has_ended)}
    headers["location"] = job_url(entered.placed.job.id)
    request.scope["state"]["made"] = {"job_id": entered.placed.job.id, "kind": entry.kind.name}
    if entered.is_replay:
        headers["idempotency-replayed"] = "true"
    return job_response(entered.placed, 200 if has_ended else 202, headers, members)


async def _read_pictured(
    gateway: Gateway, request: Request, fields: dict[bytes, bytes], entry: Entry
) -> ArtRequest:
    """Return a request whose pictures are stored; nothing is stored for one that is refused."""
    draft = await read_draft(gateway, request, fields, entry.kind)
    try:
        await vet(gateway, entry.kind, draft.request, entry.options.finish_within)
        return await resolve(gateway, entry.client, draft)
    finally:
        draft.close()
