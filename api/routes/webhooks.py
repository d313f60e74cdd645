"""Webhooks about a job: what became of them, and once more."""

from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers.representation import timestamp
from api.dependencies import client_of, gateway_of, gone, job_id_of, unknown_job
from api.documented import webhooks as documented
from api.http.errors import ProblemError
from api.incoming.parameters import JobIdPath
from api.outgoing.webhooks import message_id
from genart_core.jobs import hooks
from genart_core.jobs.hooks import FoundHook, Hook
from genart_core.jobs.record import JobId

router = APIRouter(prefix="/v1/jobs", tags=["Jobs"])


@router.get(
    "/{job_id}/webhooks",
    operation_id="list_webhooks",
    summary="What became of a job's webhook",
    responses=documented.log_responses(),
)
async def list_webhooks(request: Request, job_id: JobIdPath) -> Response:
    """Return the webhook about the job's end with its latest attempts; none before it has ended."""
    checked = job_id_of(job_id)
    found = await gateway_of(request).ask(hooks.get_hook(checked, client_of(request)))
    return _response(checked, _checked(checked, found), 200)


@router.post(
    "/{job_id}/webhooks/redeliver",
    operation_id="redeliver_webhook",
    summary="Deliver a job's webhook once more",
    status_code=202,
    responses=documented.redeliver_responses(),
)
async def redeliver_webhook(request: Request, job_id: JobIdPath) -> Response:
    """Have the webhook about the job's end delivered now, whatever became of it, under the same id.

    It has all its attempts again.
    """
    checked = job_id_of(job_id)
    found = await gateway_of(request).ask(hooks.redeliver_hook(checked, client_of(request)))
    hook = _checked(checked, found)
    if hook is None:
        detail = f"There is nothing to deliver about job {checked}"
        raise ProblemError("no_webhook", detail)
    return _response(checked, hook, 202)


def _checked(job_id: JobId, found: FoundHook) -> Hook | None:
    if found.state == "found":
        return found.hook
    raise gone(job_id) if found.state == "gone" else unknown_job(job_id)


def _response(job_id: JobId, hook: Hook | None, status: int) -> Response:
    body = {"webhooks": [] if hook is None else [_view(job_id, hook)]}
    return Response(orjson.dumps(body), status, {"cache-control": "no-store"}, "application/json")


def _view(job_id: JobId, hook: Hook) -> dict[str, Any]:
    return {
        "id": message_id(job_id),
        "type": f"job.{hook.event}",
        "url": hook.url,
        "status": hook.status,
        "next_attempt_at": timestamp(hook.due_at),
        "attempts": [
            {
                "at": timestamp(attempt.at),
                "status": attempt.status,
                "error": attempt.error or None,
                "duration_ms": attempt.duration_ms,
            }
            for attempt in hook.attempts
        ],
    }
