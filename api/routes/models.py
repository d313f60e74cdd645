"""Models: what can be named in a request's `model`."""

from dataclasses import asdict, replace
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.dependencies import gateway_of
from api.documented import service as documented_service
from api.engine.model_index import ModelFacts
from api.http.errors import ProblemError
from api.http.validation import shown
from api.incoming.parameters import ModelPath
from genart_core.errors import ModelNotPulledError
from genart_core.public import PUBLIC

_NAMED = ("layers", "classes", "concepts")  # what a card lists that is shown beside it

router = APIRouter(prefix="/v1/models", tags=["Models"])


@router.get(
    "",
    operation_id="list_models",
    summary="All models",
    responses=documented_service.models_responses(),
)
async def list_models(request: Request) -> Response:
    """Return every model whose file lies here or that a live worker holds."""
    found = gateway_of(request).overview.models.all()
    return _json({"models": [_view(facts, request) for facts in found]})


@router.get(
    "/{name}",
    operation_id="get_model",
    summary="One model",
    responses=documented_service.model_responses(),
)
async def get_model(request: Request, name: ModelPath) -> Response:
    """Return one model with the card that its training wrote."""
    found = gateway_of(request).overview.models.all()
    for facts in found:
        if facts.name == name:
            return _json(_view(facts, request) | _class_list(facts))
    known = sorted({facts.name for facts in found})
    if name in PUBLIC:
        detail = str(ModelNotPulledError(name))
    else:
        detail = f"There is no model {shown(name)}; known: {', '.join(known) or 'none'}"
    raise ProblemError("no_such_model", detail, members={"known": known})


def _view(facts: ModelFacts, request: Request) -> dict[str, Any]:
    kinds = [kind.name for kind in request.app.state.kinds.values() if kind.models == facts.art]
    card = {name: value for name, value in facts.card.items() if name not in _NAMED}
    return {
        **asdict(replace(facts, card=card)),
        "layers": _listed(facts, "layers"),
        "classes": len(_listed(facts, "classes")),
        "concepts": _listed(facts, "concepts"),
        "kinds": kinds,
        "url": f"/v1/models/{facts.name}",
    }


def _class_list(facts: ModelFacts) -> dict[str, Any]:
    """There may be thousands, so a list of models counts them only."""
    found = _listed(facts, "classes")
    return {"class_list": found} if found else {}


def _listed(facts: ModelFacts, name: str) -> list[Any]:
    found = facts.card.get(name)
    return found if isinstance(found, list) else []


def _json(body: dict[str, Any]) -> Response:
    return Response(orjson.dumps(body), 200, {"cache-control": "no-cache"}, "application/json")
