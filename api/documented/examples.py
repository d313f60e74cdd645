"""Examples of the answers, for the OpenAPI document; jobs as the hot path writes them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple, TypeAlias

import orjson
from pydantic import BaseModel

from api.answers.representation import view
from api.answers.schemas import (
    AssetPageView,
    AssetView,
    AttemptView,
    CanceledView,
    CancelView,
    ConceptView,
    DeliveriesView,
    DeliveryView,
    EndedView,
    ExplanationView,
    HealthView,
    MemoryView,
    ModelsView,
    ModelView,
    WorkersView,
    WorkerView,
)
from api.http.errors import PROBLEMS
from api.http.remedies import REMEDIES
from genart_core.jobs.record import Foreseen, Job, JobId, Placed, StoredOutput, encode_result

_ID = JobId("06f0c4r8v1q2w3e4r5t6y7m8p9")
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_SUBMITTED = 1_795_629_600_000
_TEXT = "that the most of the same the strength of the spirit"
_SAMPLE = {"text": _TEXT, "seed": 1, "tokens": 400, "finish_reason": "length"}


class Example(NamedTuple):
    """One answer, and what it shows."""

    summary: str
    value: dict[str, Any]


Examples: TypeAlias = dict[str, Example]

_WAITING = Job(
    id=_ID,
    kind="text",
    client="",
    status="queued",
    version=1,
    attempt=0,
    request={"seed": 1, "model": "nietzsche", "prompt": "what is noble? ", "length": 400},
    batch_key="",
    cost=400.0,
    created_at=_SUBMITTED,
    started_at=0,
    finished_at=0,
    expires_at=0,
    start_by=0,
    deadline_at=_SUBMITTED + 3_600_000,
    priority="normal",
    tags=("night",),
    step=0,
    total=0,
    fence=0,
    worker="",
    outputs=(),
    result_json=None,
    provenance=None,
    error=None,
    preview=None,
    previews=0,
    cached=False,
    request_id="5c1e9f0a7b3d2468",
    trace="",
)
_DONE = replace(
    _WAITING,
    status="succeeded",
    version=5,
    attempt=1,
    started_at=_SUBMITTED + 12,
    finished_at=_SUBMITTED + 655,
    expires_at=_SUBMITTED + 86_400_655,
    step=400,
    total=400,
    outputs=(StoredOutput("", "text/plain; charset=utf-8", len(_TEXT), _SHA256),),
    result_json=encode_result({"samples": [_SAMPLE]}),
    provenance={"version": "0.1.0", "device": "cpu", "weights": {"text/nietzsche": _SHA256}},
)


def _as_json(placed: Placed) -> dict[str, Any]:
    shown: dict[str, Any] = orjson.loads(orjson.dumps(view(placed)))
    return shown


WAITING = _as_json(Placed(_WAITING, position=2, now=_SUBMITTED, foreseen=Foreseen(1480, 2560)))
DONE = _as_json(Placed(_DONE, position=None, now=_SUBMITTED + 700, foreseen=None))

_ASSET = AssetView(
    sha256=_SHA256,
    reference=f"asset:{_SHA256}",
    media_type="image/jpeg",
    bytes=48_211,
    width=768,
    height=512,
    created_at=datetime(2026, 11, 25, 18, tzinfo=UTC),
    expires_at=datetime(2026, 11, 26, 18, tzinfo=UTC),
    url=f"/v1/assets/{_SHA256}",
)
_MODEL = ModelView(
    name="portraits",
    art="vae",
    sha256=_SHA256,
    bytes=3_407_872,
    shipped=True,
    is_resident=True,
    layers=[],
    classes=0,
    concepts=[ConceptView(name="smile", attribute="smile", unit="mean distance", pictures=4000)],
    card={"licence": "MIT", "latent": 64},
    kinds=["vae-sample", "vae-edit"],
    url="/v1/models/portraits",
)
_WORKER = WorkerView(
    id="studio-3f2a91c4-up-0.7",
    device="cuda:0",
    device_name="NVIDIA H100 80GB HBM3",
    dtypes=["float32", "float16", "bfloat16"],
    memory=MemoryView(free=61_203_283_968, total=85_899_345_920),
    kinds=["text", "dream", "style", "vae-sample", "vae-edit", "gan-sample"],
    models={"text/nietzsche": _SHA256},
    draining=False,
    jobs_in_hand=2,
    jobs=[_ID],
    version="0.1.0",
    started_at=datetime(2026, 11, 25, 9, tzinfo=UTC),
    seen_at=datetime(2026, 11, 25, 18, tzinfo=UTC),
)
_DELIVERY = DeliveryView(
    id=f"msg_{_ID}",
    type="job.succeeded",
    url="https://example.com/told",
    status="delivered",
    next_attempt_at=None,
    attempts=[
        AttemptView(
            at=datetime(2026, 11, 25, 18, 0, 1, tzinfo=UTC), status=204, error=None, duration_ms=41
        )
    ],
)


def problem_example(code: str) -> dict[str, Any]:
    """Return what a problem of this code looks like."""
    kind = PROBLEMS[code]
    return {
        "type": f"/problems/{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.meaning,
        "instance": "/v1/text",
        "code": code,
        "request_id": "5c1e9f0a7b3d2468",
    }


def _of(model: BaseModel) -> dict[str, Any]:
    return model.model_dump(mode="json", by_alias=True, exclude_unset=True)


_BATCH = {
    "results": [
        {"status": 202, "job": WAITING, "replayed": False},
        {"status": 422, "problem": problem_example("unknown_model")},
    ],
    "accepted": 1,
    "refused": 1,
}

MESSAGE = {
    "type": "job.succeeded",
    "timestamp": DONE["finished_at"],
    "data": {
        **{name: DONE[name] for name in EndedView.model_fields if name in DONE},
        "output_count": 1,
    },
}
"""The body of a webhook."""

EXAMPLES: dict[str, Examples] = {
    "JobView": {
        "waiting": Example("It waits", WAITING),
        "done": Example("It has succeeded", DONE),
    },
    "PageView": {"jobs": Example("A last page", {"jobs": [DONE], "cursor": None})},
    "ReproducedView": {
        "reproduced": Example("Nothing has changed", {**WAITING, "warnings": []}),
    },
    "AssetView": {"asset": Example("A picture", _of(_ASSET))},
    "AssetPageView": {
        "assets": Example("A last page", _of(AssetPageView(assets=[_ASSET], cursor=None)))
    },
    "ModelView": {"model": Example("A model", _of(_MODEL))},
    "ModelsView": {"models": Example("Models", _of(ModelsView(models=[_MODEL])))},
    "WorkersView": {
        "workers": Example("One worker", _of(WorkersView(workers=[_WORKER]))),
    },
    "HealthView": {"health": Example("All is well", _of(HealthView(status="ready", workers=1)))},
    "ExplanationView": {
        "explanation": Example(
            "A meaning",
            _of(
                ExplanationView(
                    code="gone",
                    status=PROBLEMS["gone"].status,
                    title=PROBLEMS["gone"].title,
                    meaning=PROBLEMS["gone"].meaning,
                    remedy=REMEDIES["gone"],
                )
            ),
        )
    },
    "BatchView": {"batch": Example("One taken, one refused", _BATCH)},
    "CancelView": {
        "canceled": Example(
            "One canceled",
            _of(CancelView(jobs=[CanceledView(id=_ID, status="canceled")], not_found=[])),
        )
    },
    "DeliveriesView": {"webhooks": Example("Delivered", _of(DeliveriesView(webhooks=[_DELIVERY])))},
    "Problem": {
        f"problem_{code}": Example(kind.title, problem_example(code))
        for code, kind in PROBLEMS.items()
    },
}
