"""Workers: what makes the art, and what it is doing."""

from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers.representation import timestamp
from api.dependencies import client_of, gateway_of
from api.documented import service as documented_service
from genart_core.jobs.upkeep import survey

router = APIRouter(prefix="/v1/workers", tags=["Service"])


@router.get(
    "",
    operation_id="list_workers",
    summary="All live workers",
    responses=documented_service.workers_responses(),
)
async def list_workers(request: Request) -> Response:
    """Return the workers that were heard of in the last 10 seconds, as they announce themselves.

    Of the jobs that they have in hand, you are told the ids of your own.
    """
    found = await gateway_of(request).ask(survey(()))
    client = client_of(request)
    workers = [_view(facts, client) for facts in found.workers]
    body = {"workers": sorted(workers, key=lambda worker: str(worker["id"]))}
    return Response(orjson.dumps(body), 200, {"cache-control": "no-store"}, "application/json")


def _view(facts: dict[str, Any], client: str) -> dict[str, Any]:
    """Return what callers may know: its place on its host is nobody's business."""
    jobs = facts.get("jobs") or {}
    return {
        "id": facts.get("id"),
        "device": facts.get("device"),
        "device_name": facts.get("device_name"),
        "dtypes": facts.get("dtypes", []),
        "memory": {"free": facts.get("free_memory"), "total": facts.get("total_memory")},
        "kinds": facts.get("kinds", []),
        "models": facts.get("models", {}),
        "draining": facts.get("draining", False),
        "jobs_in_hand": len(jobs),
        "jobs": sorted(job_id for job_id, owner in jobs.items() if owner == client),
        "version": facts.get("version"),
        "started_at": timestamp(facts.get("started_at", 0)),
        "seen_at": timestamp(facts["seen_at"]),
    }
