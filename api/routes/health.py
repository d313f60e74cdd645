"""Health and figures, and the pages that problems point to."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.dependencies import Gateway, draining, gateway_of
from api.documented import service as documented_service
from api.engine.engine_metrics import Engine
from api.engine.metrics import CONTENT_TYPE, Part
from api.http.errors import PROBLEMS, ProblemError
from api.http.remedies import REMEDIES
from api.http.validation import shown
from api.incoming.parameters import ProblemPath
from genart_core.jobs.figures import read_figures
from genart_core.jobs.upkeep import survey

router = APIRouter(tags=["Service"])


@router.get(
    "/livez",
    operation_id="live",
    summary="Is the process alive?",
    responses=documented_service.health_responses(),
)
async def live(request: Request) -> Response:
    """Answer 200 as long as the process can answer at all, whatever the queue or Redis do."""
    return _json({"status": "alive"})


@router.get(
    "/readyz",
    operation_id="ready",
    summary="Can it take work?",
    responses=documented_service.readiness_responses(),
)
async def ready(request: Request) -> Response:
    """Answer 200 if Redis answers and the process is not shutting down, however long the queue."""
    gateway = gateway_of(request)
    if gateway.is_draining:
        raise draining()
    found = await gateway.ask(survey(()))
    return _json({"status": "ready", "workers": len(found.workers)})


@router.get(
    "/metrics",
    operation_id="metrics",
    summary="Figures for Prometheus",
    responses=documented_service.metrics_responses(),
)
async def metrics(
    request: Request,
    part: Annotated[
        Part,
        Query(description="`process`: this gateway's own alone; `engine`: what all of them tell."),
    ] = "all",
) -> Response:
    """Return this process' requests and the state of the whole engine."""
    gateway = gateway_of(request)
    engine = None if part == "process" else await _engine(gateway, tuple(request.app.state.kinds))
    return Response(gateway.metrics.write(part, engine), media_type=CONTENT_TYPE)


@router.get(
    "/problems/{code}",
    operation_id="explain_problem",
    summary="What a problem means",
    responses=documented_service.explain_responses(),
)
async def explain(request: Request, code: ProblemPath) -> Response:
    """Explain a problem, and what to do about it; this is where the `type` of each leads."""
    kind = PROBLEMS.get(code)
    if kind is None:
        detail = f"There is no problem {shown(code)}; there are {', '.join(PROBLEMS)}"
        raise ProblemError("not_found", detail)
    told = {"title": kind.title, "meaning": kind.meaning, "remedy": REMEDIES[code]}
    return _json({"code": code, "status": kind.status, **told})


async def _engine(gateway: Gateway, kinds: tuple[str, ...]) -> Engine | None:
    try:
        found = await gateway.ask(survey(kinds))
        return Engine(found, await gateway.ask(read_figures(kinds)))
    except ProblemError:
        return None


def _json(body: dict[str, object]) -> Response:
    return Response(orjson.dumps(body), 200, {"cache-control": "no-store"}, "application/json")
