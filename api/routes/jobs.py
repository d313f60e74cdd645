"""Jobs: read, list, follow, cancel, delete."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.answers.representation import etag, job_response, milliseconds, view
from api.dependencies import client_of, found_job, gateway_of, gone, job_id_of, unknown_job
from api.documented import events as documented_events
from api.documented import jobs as documented
from api.following.events import EVENT_ID_OR_NONE, follow, parse_event_id
from api.following.waiting import Patience, wait_for_change, wait_for_end
from api.http.headers import fields_of, is_known, preferences
from api.incoming.moments import Moment
from api.incoming.parameters import JOB_ID, JobIdPath, cursor_query, wrong_parameter
from api.incoming.query import require_known
from genart_core.jobs import caller
from genart_core.jobs.record import Job, Status, parse_job_id

router = APIRouter(prefix="/v1/jobs", tags=["Jobs"])

_FILTERS = ("cursor", "limit", "kind", "tag", "created_after", "created_before")


@router.get(
    "",
    operation_id="list_jobs",
    summary="Your jobs, newest first",
    responses=documented.list_responses(),
)
async def list_jobs(
    request: Request,
    cursor: Annotated[str, cursor_query(JOB_ID)] = "",
    limit: Annotated[int, Query(description="Jobs per page.", ge=1, le=100)] = 50,
    kind: Annotated[
        str | None, Query(description="Only jobs of this kind.", max_length=100)
    ] = None,
    status: Annotated[
        list[Status] | None, Query(description="Only jobs in this state, or one of these.")
    ] = None,
    tag: Annotated[str, Query(description="Only jobs with this tag.", max_length=100)] = "",
    created_after: Annotated[
        Moment | None, Query(description="Only jobs submitted then or later.")
    ] = None,
    created_before: Annotated[
        Moment | None, Query(description="Only jobs submitted before.")
    ] = None,
) -> Response:
    """Return a page of the caller's jobs; `cursor` leads to the next one.

    Jobs that are submitted in the meantime don't disturb the pages. One may be short, or empty, and
    still have a `cursor`: so many jobs are looked at for it.
    """
    require_known(request.scope, _FILTERS, lists=("status",))
    if cursor and parse_job_id(cursor) is None:
        raise wrong_parameter("cursor", cursor, "take it from the page before")
    known = request.app.state.kinds
    if kind is not None and kind not in known:
        raise wrong_parameter("kind", kind, f"the kinds are {', '.join(known)}")
    which = caller.Filter(
        kind or "",
        tuple(status or ()),
        tag,
        milliseconds(created_after),
        milliseconds(created_before),
    )
    page = await gateway_of(request).ask(
        caller.list_jobs(client_of(request), which, cursor=cursor, limit=limit)
    )
    body = {"jobs": [view(placed) for placed in page.jobs], "cursor": page.cursor or None}
    return Response(orjson.dumps(body), 200, {"cache-control": "no-store"}, "application/json")


@router.get(
    "/{job_id}",
    operation_id="get_job",
    summary="One job",
    responses=documented.get_responses(),
    openapi_extra=documented.GET_EXTRA,
)
async def get_job(request: Request, job_id: JobIdPath) -> Response:
    """Return the job.

    With `If-None-Match` and its present entity tag the answer is 304. With `Prefer: wait=n` the
    answer is held back for up to n seconds: until the job has ended or, with `If-None-Match`, until
    it has changed.
    """
    gateway, client, fields = gateway_of(request), client_of(request), fields_of(request.scope)
    checked = job_id_of(job_id)
    prefer = preferences(request.scope, gateway.settings.max_wait_seconds)
    patience = Patience(prefer.wait or 0, request.receive)

    def is_news(job: Job) -> bool:
        return not is_known(fields, etag(job))

    if not prefer.wait:
        found = await gateway.ask(caller.get(checked, client))
    elif b"if-none-match" in fields:
        found = await wait_for_change(gateway, checked, client, patience, is_news=is_news)
    else:
        found = await wait_for_end(gateway, checked, client, patience)
    placed = found_job(checked, found)
    response = job_response(placed, 200, prefer.applied(is_async=False))
    if is_news(placed.job):
        return response
    kept = {
        name: response.headers[name]
        for name in ("etag", "cache-control", "retry-after", "preference-applied")
        if name in response.headers
    }
    return Response(status_code=304, headers=kept)


@router.post(
    "/{job_id}/cancel",
    operation_id="cancel_job",
    summary="Cancel a job",
    responses=documented.job_responses(),
)
async def cancel_job(request: Request, job_id: JobIdPath) -> Response:
    """Cancel the job and return it; repeatable.

    A waiting job ends at once, a running one within a step; one that has ended stays as it is.
    """
    gateway, checked = gateway_of(request), job_id_of(job_id)
    keep = gateway.settings.keep_ms
    found = await gateway.ask(caller.cancel(checked, client_of(request), keep))
    return job_response(found_job(checked, found), 200)


@router.delete(
    "/{job_id}",
    operation_id="delete_job",
    summary="Delete a job",
    status_code=204,
    responses=documented.delete_responses(),
)
async def delete_job(request: Request, job_id: JobIdPath) -> Response:
    """Remove the job and its outputs; a running one is canceled first."""
    gateway, checked = gateway_of(request), job_id_of(job_id)
    state = await gateway.ask(caller.delete(checked, client_of(request), gateway.settings.keep_ms))
    if state == "found":
        return Response(status_code=204)
    raise gone(checked) if state == "gone" else unknown_job(checked)


@router.get(
    "/{job_id}/events",
    operation_id="follow_job",
    summary="Follow a job as it goes",
    description=documented_events.EVENTS,
    responses=documented_events.event_responses(),
    openapi_extra=documented_events.EVENTS_EXTRA,
)
async def follow_job(
    request: Request,
    job_id: JobIdPath,
    after: Annotated[
        str,
        Query(
            description="As `Last-Event-ID`, for the first connection.",
            max_length=100,
            json_schema_extra={"pattern": EVENT_ID_OR_NONE},
        ),
    ] = "",
) -> Response:
    """Return the job's events as they come."""
    if after and parse_event_id(after) is None:
        raise wrong_parameter("after", after, "take it from the `id` of an event")
    last = fields_of(request.scope).get(b"last-event-id", b"").decode("latin-1")
    checked = job_id_of(job_id)
    return await follow(gateway_of(request), checked, client_of(request), last or after)
