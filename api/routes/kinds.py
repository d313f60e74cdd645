"""Making art: one POST route per kind of the catalogue."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from api import documented
from api.bodies import parse_request, read_body, require_json
from api.dependencies import client_of, draining, gateway_of
from api.headers import fields_of, idempotency_key, wait_seconds
from api.representation import job_response, job_url
from api.submission import Entry, submit
from api.waiting import Patience, submit_and_wait
from genart_core.catalogue import Kind
from genart_core.jobs.record import Placed, new_job_id


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
            responses=documented.submit_responses(),
            openapi_extra=documented.submit_extra(kind),
        )
    return router


def make(kind: Kind) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """Return the endpoint of one kind."""

    async def endpoint(request: Request) -> Response:
        gateway, fields = gateway_of(request), fields_of(request.scope)
        if gateway.is_draining:
            raise draining()
        require_json(request, fields, kind)
        entry = Entry(kind, client_of(request), idempotency_key(fields))
        body = await read_body(request, fields, gateway.settings.max_body_bytes)
        art, job_id = parse_request(kind, body), new_job_id()
        seconds = wait_seconds(request.scope, gateway.settings.max_wait_seconds)
        if not seconds:
            placed, is_replay = await submit(gateway, entry, job_id, art)
            return _answer(placed, is_replay, 202, {})
        placed, is_replay = await submit_and_wait(
            gateway,
            job_id,
            entry.client,
            Patience(seconds, request.receive),
            lambda: submit(gateway, entry, job_id, art),
        )
        status = 200 if placed.job.is_terminal else 202
        return _answer(placed, is_replay, status, {"preference-applied": f"wait={seconds}"})

    return endpoint


def _answer(placed: Placed, is_replay: bool, status: int, headers: dict[str, str]) -> Response:
    headers["location"] = job_url(placed.job.id)
    if is_replay:
        headers["idempotency-replayed"] = "true"
    return job_response(placed, status, headers)
