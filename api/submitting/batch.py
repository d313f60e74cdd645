"""Many submits in one request: each is judged, and entered or refused, for itself.

All are validated before any is entered; then they are entered in their order, over one connection
and without waiting for each other.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json
from starlette.types import Scope

from api.answers.representation import view
from api.dependencies import Gateway
from api.http.errors import PROBLEMS, ProblemError, body_of
from api.http.headers import checked_key
from api.http.validation import shown
from api.incoming.bodies import parse
from api.submitting.drafts import Draft, draft_of
from api.submitting.inputs import resolve
from api.submitting.options import JobOptions, require_allowed
from api.submitting.submission import Entered, Entry, submit, vet
from genart_core.catalogue import Kind
from genart_core.jobs.record import new_job_id
from genart_core.request import ArtRequest, image_fields

MAX_ITEMS = 100
_MAX_KEY_TEXT = 1000  # a key that is too long is its item's fault alone; this bounds the batch


class BatchItem(JobOptions):
    """One submit: what its own address would take as body, parameters and header."""

    kind: str = Field(max_length=100, description="What to make, as in `/v1/{kind}`.")
    request: dict[str, Any] = Field(default_factory=dict, description="The body of that kind.")
    idempotency_key: str = Field(
        default="",
        max_length=_MAX_KEY_TEXT,
        description="As the header `Idempotency-Key`, bare.",
    )

    @property
    def options(self) -> JobOptions:
        """How to treat the job."""
        return JobOptions(**self.model_dump(include=set(JobOptions.model_fields)))


class BatchRequest(BaseModel):
    """Up to 100 submits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    jobs: tuple[BatchItem, ...] = Field(
        min_length=1, max_length=MAX_ITEMS, description="The submits, in their order."
    )


@dataclass(frozen=True, slots=True)
class _Ready:
    """A submit that was found right."""

    entry: Entry
    art: ArtRequest
    draft: Draft | None


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a batch is handed in: by whom, what can be made, and what its headers say."""

    gateway: Gateway
    client: str
    kinds: Mapping[str, Kind]
    key: str
    directives: frozenset[str]


async def submit_batch(desk: Desk, batch: BatchRequest) -> list[Entered | ProblemError]:
    """Enter jobs; return each, or what is wrong with it.

    With an idempotency key of the whole batch, an item without one of its own has its place under
    that.
    """
    prepared: list[_Ready | ProblemError] = []
    try:
        for place, item in enumerate(batch.jobs):
            prepared.append(await _prepare(desk, place, item))
        entering = (_enter(desk.gateway, one) for one in prepared if isinstance(one, _Ready))
        entered = iter(await asyncio.gather(*entering))
    finally:
        for one in prepared:
            if isinstance(one, _Ready) and one.draft is not None:
                one.draft.close()
    return [next(entered) if isinstance(one, _Ready) else one for one in prepared]


def result_of(outcome: Entered | ProblemError, place: int, scope: Scope) -> dict[str, Any]:
    """Return the members of a `BatchResultView` that say something."""
    if isinstance(outcome, Entered):
        status = 200 if outcome.placed.job.cached else 202
        return {"status": status, "job": view(outcome.placed), "replayed": outcome.is_replay}
    status = PROBLEMS[outcome.code].status
    body = body_of(outcome, scope)
    for complaint in outcome.errors:
        if "pointer" in complaint:
            complaint["pointer"] = f"/jobs/{place}/request{complaint['pointer']}"
    result: dict[str, Any] = {"status": status, "problem": body}
    if "retry-after" in outcome.headers:
        result["retry_after"] = int(outcome.headers["retry-after"])
    return result


async def _prepare(desk: Desk, place: int, item: BatchItem) -> _Ready | ProblemError:
    """Judge a submit without doing anything."""
    gateway, draft = desk.gateway, None
    try:
        kind = _kind(desk, item.kind)
        options = require_allowed(item.options, gateway.settings)
        key = item.idempotency_key or (f"{desk.key}#{place}" if desk.key else "")
        key = checked_key(key) if key else ""
        entry = Entry(kind, desk.client, key, options, desk.directives)
        art = parse(kind.request, to_json(item.request, inf_nan_mode="constants"))
        if image_fields(kind.request):
            draft = await draft_of(gateway, kind, art)
            art = draft.request
        await vet(gateway, kind, art, options.finish_within)
    except ProblemError as error:
        if draft is not None:
            draft.close()
        return error
    return _Ready(entry, art, draft)


def _kind(desk: Desk, name: str) -> Kind:
    if name not in desk.kinds:
        known = ", ".join(desk.kinds)
        raise ProblemError("not_found", f"There is no kind {shown(name)}; there are {known}")
    return desk.kinds[name]


async def _enter(gateway: Gateway, ready: _Ready) -> Entered | ProblemError:
    try:
        art = ready.art
        if ready.draft is not None:
            art = await resolve(gateway, ready.entry.client, ready.draft)
        return await submit(gateway, ready.entry, new_job_id(), art)
    except ProblemError as error:
        return error
    finally:
        if ready.draft is not None:
            ready.draft.close()
