"""Many jobs with one request: submitted, or canceled."""

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api.dependencies import client_of, draining, gateway_of
from api.documented import many as documented
from api.following.canceling import CancelRequest, cancel_jobs, require_kind
from api.http.errors import ProblemError
from api.http.headers import cache_directives, fields_of, idempotency_key
from api.incoming.bodies import parse, read_body, require_json_at
from api.incoming.query import require_known
from api.submitting.batch import BatchRequest, Desk, result_of, submit_batch
from api.submitting.submission import Entered

router = APIRouter(prefix="/v1", tags=["Jobs"])
_CANCEL = "/jobs/cancel"

_NO_STORE = {"cache-control": "no-store"}


@router.post(
    "/batch",
    operation_id="submit_batch",
    summary="Submit up to 100 jobs",
    responses=documented.batch_responses(),
    openapi_extra=documented.BATCH_EXTRA,
)
async def post_batch(request: Request) -> Response:
    """Enter jobs, each of which is taken or refused for itself.

    All are validated before any is entered. The answer is 200 and tells for each, in their order,
    what its own submit would have been answered. Pictures are named (`asset:`, `job:`, `https:`) or
    come as small `data:` URIs. With `Idempotency-Key`, each has its place under that key;
    `Cache-Control` is for each of them.
    """
    gateway, fields = gateway_of(request), fields_of(request.scope)
    if gateway.is_draining:
        raise draining()
    require_known(request.scope)
    require_json_at(request, fields, "/v1/batch", lambda: documented.BATCH_EXAMPLE)
    key, directives = idempotency_key(fields), cache_directives(request.scope)
    batch = parse(BatchRequest, await read_body(request, fields, gateway.settings.max_body_bytes))
    desk = Desk(gateway, client_of(request), request.app.state.kinds, key, directives)
    outcomes = await submit_batch(desk, batch)
    accepted = [outcome for outcome in outcomes if isinstance(outcome, Entered)]
    body = {
        "results": [result_of(outcome, n, request.scope) for n, outcome in enumerate(outcomes)],
        "accepted": len(accepted),
        "refused": len(outcomes) - len(accepted),
    }
    headers = accepted[-1].headers if accepted else {}
    return Response(orjson.dumps(body), 200, {**_NO_STORE, **headers}, "application/json")


@router.post(
    _CANCEL,
    operation_id="cancel_jobs",
    summary="Cancel many jobs",
    responses=documented.bulk_responses(),
    openapi_extra=documented.BULK_EXTRA,
)
async def post_cancel(request: Request) -> Response:
    """Cancel the jobs that are named, or all of yours that a filter lets through; repeatable.

    Waiting ones end at once, running ones within a step; those that have ended stay as they are.
    """
    gateway, fields = gateway_of(request), fields_of(request.scope)
    require_known(request.scope)
    require_json_at(request, fields, router.prefix + _CANCEL, lambda: documented.BULK_EXAMPLE)
    body = await read_body(request, fields, gateway.settings.max_body_bytes)
    wanted = parse(CancelRequest, body)
    require_kind(wanted, request.app.state.kinds)
    found = await cancel_jobs(gateway, client_of(request), wanted)
    return Response(found.model_dump_json(), 200, _NO_STORE, "application/json")


class _PostAlone:
    """Answers 405 to any other method, for which this address would look like a job's."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        detail = f"{scope['method'][:20]} is not possible at {scope['path']}; allowed: POST"
        raise ProblemError("method_not_allowed", detail, headers={"allow": "POST"})


router.routes.append(Route(router.prefix + _CANCEL, _PostAlone(), include_in_schema=False))
