"""From a validated request to a job: seed, fingerprint, admission."""

from dataclasses import dataclass
from hashlib import sha256

from api.dependencies import Gateway
from api.errors import ProblemError
from api.reuse import reuse_of
from api.validation import shown
from genart_core.catalogue import Kind, accept_all
from genart_core.errors import ModelNotPulledError, RefusedError
from genart_core.jobs.caller import Reuse, Submission, Submitted
from genart_core.jobs.caller import submit as submit_call
from genart_core.jobs.record import JobId, Placed
from genart_core.request import ArtRequest, draw_seed, references
from genart_core.weights import not_pulled

_FRESH_SECONDS = 0.25  # a model that has just appeared is found this soon


@dataclass(frozen=True, slots=True)
class Entry:
    """What is asked for, by whom, and under which idempotency key ("" = none).

    `directives` are those of `Cache-Control`.
    """

    kind: Kind
    client: str
    idempotency_key: str
    directives: frozenset[str]


async def submit(
    gateway: Gateway, entry: Entry, job_id: JobId, request: ArtRequest
) -> tuple[Placed, bool]:
    """Enter a job; return it, and whether it is a replay of an earlier submit.

    The request has been vetted, and the pictures that it names are assets that are stored.

    Raises:
        ProblemError: if the key was used for something else, or there is no room.
    """
    kind, asked = entry.kind, request.model_dump_json()
    key = fingerprint = ""
    if entry.idempotency_key:
        # of what was sent, before a seed is drawn; hashed, since a key may hold any character
        key = sha256(entry.idempotency_key.encode()).hexdigest()
        fingerprint = sha256(f"{kind.name} {asked}".encode()).hexdigest()
    reuse = Reuse()
    if request.seed is None:
        request = request.model_copy(update={"seed": draw_seed()})
        asked = request.model_dump_json()
    else:
        weights = gateway.overview.models.digest(kind, request.model)
        reuse = reuse_of(kind, request.model, weights, asked, entry.directives)
    submission = Submission(
        id=job_id,
        kind=kind.name,
        client=entry.client,
        request=asked,
        batch_key=kind.batch_key(request),
        cost=kind.cost(request),
        idempotency_key=key,
        fingerprint=fingerprint,
        assets=_assets(request),
        reuse=reuse,
    )
    call = submit_call(submission, gateway.limits, gateway.settings.keep_ms)
    submitted = await gateway.ask(call)
    if submitted.placed is None:
        raise _refusal(gateway, submitted)
    return submitted.placed, submitted.outcome == "replayed"


async def vet(gateway: Gateway, kind: Kind, request: ArtRequest) -> None:
    """Check what only the models and the workers there are can tell.

    Raises:
        ProblemError: if the model is unknown, or the kind refuses the request.
    """
    await _require_model(gateway, kind, request.model)
    if kind.check is accept_all:
        return
    overview = gateway.overview
    card = overview.models.card(kind, request.model)
    try:
        kind.check(request, card, overview.memory_for(kind.name))
    except RefusedError as error:
        got = shown(getattr(request, error.field, None))
        complaint = {"pointer": f"/{error.field}", "detail": str(error), "got": got}
        detail = f"{error.field}: {error}"
        raise ProblemError(error.code, detail, errors=[complaint]) from None


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


def _refusal(gateway: Gateway, submitted: Submitted) -> ProblemError:
    limits = gateway.limits
    if submitted.outcome == "conflict":
        detail = "This Idempotency-Key came before with another request; use a new key for this one"
        return ProblemError("idempotency_conflict", detail)
    if submitted.outcome == "quota":
        seconds = gateway.overview.seconds_until_quota(limits.active_per_client)
        detail = f"You have {limits.active_per_client} unfinished jobs; wait for some of them"
        return ProblemError("quota_exceeded", detail, headers={"retry-after": str(seconds)})
    seconds = gateway.overview.seconds_until_room()
    detail = f"{limits.ready} jobs are waiting; no more are taken at present"
    return ProblemError("queue_full", detail, headers={"retry-after": str(seconds)})
