"""From a validated request to a job: seed, fingerprint, admission."""

from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple, cast

from api.dependencies import Gateway
from api.http.correlation import Origin, origin, submit_span
from api.http.errors import ProblemError
from api.http.validation import shown
from api.submitting.cost import check_cost
from api.submitting.options import JobOptions
from api.submitting.quota import quota_headers, refusal, require_fits, weigh
from api.submitting.reuse import reuse_of
from genart_core.catalogue import Kind
from genart_core.errors import ModelNotPulledError
from genart_core.jobs.caller import Limits, Reuse, Submission, Submitted
from genart_core.jobs.caller import submit as submit_call
from genart_core.jobs.record import JobId, Placed
from genart_core.request import ArtRequest, draw_seed, references
from genart_core.weights import not_pulled

_FRESH_SECONDS = 0.25  # a model that has just appeared is found this soon


@dataclass(frozen=True, slots=True)
class Entry:
    """What is asked for, by whom, under which idempotency key ("" = none), and how to treat it.

    `directives` are those of `Cache-Control`.
    """

    kind: Kind
    client: str
    idempotency_key: str
    options: JobOptions
    directives: frozenset[str]


class Entered(NamedTuple):
    """A job, whether it is that of an earlier submit, and what its client may still do."""

    placed: Placed
    is_replay: bool
    headers: dict[str, str]


class Awaited(NamedTuple):
    """As `Entered`; a job that was made by this submit and has not ended is not shown (None)."""

    placed: Placed | None
    is_replay: bool
    headers: dict[str, str]


async def submit(gateway: Gateway, entry: Entry, job_id: JobId, request: ArtRequest) -> Entered:
    """Enter a job.

    The request has been vetted, and the pictures that it names are assets that are stored.

    Raises:
        ProblemError: if the key was used for something else, or limits are in the way.
    """
    entered = await _traced(gateway, entry, job_id, request, is_awaited=False)
    return Entered(cast(Placed, entered.placed), entered.is_replay, entered.headers)


async def submit_awaited(
    gateway: Gateway, entry: Entry, job_id: JobId, request: ArtRequest
) -> Awaited:
    """Enter a job whose caller is answered when it has ended; as `submit`."""
    return await _traced(gateway, entry, job_id, request, is_awaited=True)


async def _traced(
    gateway: Gateway, entry: Entry, job_id: JobId, request: ArtRequest, *, is_awaited: bool
) -> Awaited:
    if gateway.tracing is None:
        return await _submit(gateway, entry, job_id, request, origin(), is_awaited=is_awaited)
    with submit_span(gateway.tracing, entry.kind.name, job_id) as found:
        return await _submit(gateway, entry, job_id, request, found, is_awaited=is_awaited)


async def _submit(
    gateway: Gateway,
    entry: Entry,
    job_id: JobId,
    request: ArtRequest,
    source: Origin,
    *,
    is_awaited: bool,
) -> Awaited:
    kind, options, asked, reuse = entry.kind, entry.options, request.model_dump_json(), Reuse()
    key, fingerprint = _marks(entry, asked)
    if request.seed is None:
        request = request.model_copy(update={"seed": draw_seed()})
        asked = request.model_dump_json()
    else:
        weights = gateway.overview.models.digest(kind, request.model)
        reuse = reuse_of(kind, request.model, weights, asked, entry.directives)
    assets = _assets(request)
    limits, size = gateway.keyring.limits_of(entry.client), await weigh(gateway, asked, assets)
    require_fits(limits, size)
    submission = Submission(
        id=job_id,
        kind=kind.name,
        client=entry.client,
        request=asked,
        batch_key=kind.batch_key(request),
        cost=kind.cost(request),
        idempotency_key=key,
        fingerprint=fingerprint,
        assets=assets,
        bytes=size,
        reuse=reuse,
        priority=options.priority,
        tags=options.tags,
        start_within_ms=(options.start_within or 0) * 1000,
        finish_within_ms=(options.finish_within or 0) * 1000,
        webhook=options.webhook or "",
        webhook_events=options.webhook_events,
        together=kind.batch_limit,
        request_id=source.request_id,
        trace=source.trace,
    )
    keep, ending_ms = gateway.settings.keep_ms, gateway.overview.ending_ms
    call = submit_call(submission, limits, keep, ending_ms=ending_ms, is_awaited=is_awaited)
    submitted = await gateway.ask(call)
    if submitted.outcome not in ("created", "replayed"):
        raise _refusal(gateway, limits, submitted, size)
    headers = quota_headers(limits, submitted.usage)
    return Awaited(submitted.placed, submitted.outcome == "replayed", headers)


def _marks(entry: Entry, asked: str) -> tuple[str, str]:
    """Return the idempotency key as it is kept, and what its request is known by.

    That is of what was sent, before a seed is drawn. A key may hold any character, so it is hashed.
    """
    if not entry.idempotency_key:
        return "", ""
    key = sha256(entry.idempotency_key.encode()).hexdigest()
    sent = f"{entry.kind.name} {asked}{entry.options.fingerprint}"
    return key, sha256(sent.encode()).hexdigest()


def _refusal(gateway: Gateway, limits: Limits, submitted: Submitted, size: int) -> ProblemError:
    if submitted.outcome == "conflict":
        detail = "This Idempotency-Key came before with another request; use a new key for this one"
        return ProblemError("idempotency_conflict", detail)
    if submitted.outcome == "gone":
        detail = "The job of this Idempotency-Key ended and has been removed; use a new key"
        return ProblemError("gone", detail)
    return refusal(gateway, limits, submitted, size)


async def vet(gateway: Gateway, kind: Kind, request: ArtRequest, finish_within: int | None) -> None:
    """Check what only the models and the workers there are can tell.

    Raises:
        ProblemError: if the model is unknown, the kind refuses the request, or it costs too much.
    """
    await _require_model(gateway, kind, request.model)
    check_cost(kind, request, gateway.overview, gateway.settings, finish_within)


def _assets(request: ArtRequest) -> tuple[str, ...]:
    return tuple(sorted({ref.removeprefix("asset:") for _, _, ref in references(request)}))


async def _require_model(gateway: Gateway, kind: Kind, name: str) -> None:
    overview = gateway.overview
    if overview.models.knows(kind, name):
        return
    await overview.refresh(max_age_seconds=_FRESH_SECONDS)
    if overview.models.knows(kind, name):
        return
    if name in not_pulled(kind.models, gateway.settings.home):
        raise ProblemError("model_not_pulled", str(ModelNotPulledError(name)))
    known = overview.models.names(kind.models)
    detail = f"There is no model {shown(name)}; known: {', '.join(known) or 'none'}"
    complaint = {
        "pointer": "/model",
        "detail": detail,
        "got": shown(name),
        "allowed": {"expected": known},
    }
    raise ProblemError("unknown_model", detail, errors=[complaint], members={"known": known})
