"""What a caller's request may do to a job: submit, read, follow, cancel, delete."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, cast

from genart_core.jobs.queue import doorbell_pieces
from genart_core.jobs.record import (
    Foreseen,
    JobId,
    Placed,
    Priority,
    Status,
    decode_job,
    first_id_at,
)
from genart_core.jobs.store import Call, Keep, pairs_of, text_of

Visibility = Literal["found", "gone", "missing"]

_IDEMPOTENCY_MS = 24 * 3600 * 1000
_CLOCK_SKEW_MS = 5 * 60 * 1000


class Reuse(NamedTuple):
    """Under which key a job's results are found again, by its client alone; "" = never.

    They are taken (`may_read`) only if they were made by this `version`, with no other `weights`
    (path, sha256) than these.
    """

    key: str = ""
    may_read: bool = False
    version: str = ""
    weights: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Submission:
    """What the gateway knows of a job before it exists. `request` is JSON with the seed drawn.

    `assets` are the sha256 of the pictures that it names, `bytes` what these and the request weigh.
    It must be begun `start_within_ms`, and have ended `finish_within_ms` after its submit; 0 is no
    bound of its own. `webhook` is the address that is told of its end ("" = none), if that is one
    of `webhook_events` (none = any). So many of its kind as are `together` may share a batch.
    `request_id` and `trace` (a W3C `traceparent`) are for its logs and spans.
    """

    id: JobId
    kind: str
    client: str
    request: str
    batch_key: str
    cost: float
    idempotency_key: str = ""
    fingerprint: str = ""
    assets: tuple[str, ...] = ()
    reuse: Reuse = Reuse()
    bytes: int = 0
    priority: Priority = "normal"
    tags: tuple[str, ...] = ()
    start_within_ms: int = 0
    finish_within_ms: int = 0
    webhook: str = ""
    webhook_events: tuple[Status, ...] = ()
    together: int = 1
    request_id: str = ""
    trace: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What admission allows a client.

    `active_per_client`, `bytes_per_client` and `submits_per_minute` bound its unfinished jobs, what
    these weigh together, and how fast it submits; of the last two, 0 is no bound. Of `weight`, a
    client that has twice as much gets twice as many turns. `ready` bounds the waiting jobs in all,
    `deadline_ms` is a job's time to live. `asset_bytes` bounds the pictures that are kept for a
    client, `webhooks_per_client` and `webhooks` the messages that wait to be delivered when another
    is asked for, a client's and all; 0 is no bound.
    """

    active_per_client: int
    ready: int
    deadline_ms: int
    bytes_per_client: int = 0
    submits_per_minute: int = 0
    weight: float = 1.0
    asset_bytes: int = 0
    webhooks_per_client: int = 0
    webhooks: int = 0


class Usage(NamedTuple):
    """What a client uses of its limits after a submit.

    `submits_left` is how many more it may make at once, -1 = any number. `wait_ms` is how long it
    takes until one more may be made, if there is none left, else until all may. Where the line was
    full, it is how long it takes until the turn to come back, 0 = not known.
    """

    active: int
    bytes: int
    submits_left: int
    wait_ms: int


Refusal = Literal["jobs", "bytes", "submits", "full", "hooks", "hooks full"]
Outcome = Literal["created", "replayed", "conflict", "gone"] | Refusal


class Submitted(NamedTuple):
    """`created` and `replayed` carry the job, except one that is awaited and has not ended.

    The others say what was in the way. Under this idempotency key that is another request
    (`conflict`), or a job that has been removed after its time (`gone`); else too many unfinished
    jobs (`jobs`) or bytes of them (`bytes`), too many submits a minute (`submits`), a `full` line,
    or too many undelivered messages of the client's (`hooks`) or of all (`hooks full`).
    """

    outcome: Outcome
    placed: Placed | None
    usage: Usage


def submit(
    submission: Submission,
    limits: Limits,
    keep: Keep,
    *,
    ending_ms: float = 0.0,
    is_awaited: bool = False,
) -> Call[Submitted]:
    """Enter a job: idempotency, limits, record, place in line, event and doorbell.

    If its results are there already, it has ended with them. `ending_ms` says how often a job
    ended of late, whosever it was, while others waited (0 = nothing is known of that): at that pace
    those who find the line full are asked back. Of one that `is_awaited` nothing is shown before it
    has ended, which saves looking at the line.
    """
    job, reuse = submission, submission.reuse
    live_ms = job.finish_within_ms or limits.deadline_ms
    return Call(
        "submit",
        (
            *(job.id, job.kind, job.client, job.request, job.batch_key, job.cost),
            *(job.idempotency_key, job.fingerprint, _IDEMPOTENCY_MS),
            *(limits.active_per_client, limits.ready, live_ms),
            *(*doorbell_pieces(), " ".join(job.assets)),
            *(reuse.key, reuse.version, *reuse.weights, int(reuse.may_read), *keep),
            *(job.bytes, limits.bytes_per_client, limits.submits_per_minute, limits.weight),
            *(job.priority, " ".join(job.tags), job.start_within_ms),
            *(job.webhook, " ".join(job.webhook_events), ending_ms),
            *(limits.webhooks_per_client, limits.webhooks, job.together),
            *(job.request_id, job.trace, int(is_awaited)),
        ),
        lambda reply: Submitted(
            reply[0].decode(), placed_of(reply[1]) if reply[1] else None, Usage(*reply[2])
        ),
    )


class Found(NamedTuple):
    """A reader's answer: the job if it is `found`."""

    state: Visibility
    placed: Placed | None


def get(job_id: JobId, client: str) -> Call[Found]:
    """Read a job as one client sees it; an empty client sees all."""
    return Call("get", (job_id, client), _found)


class Snapshot(NamedTuple):
    """The state that all events up to `last_event` add up to; `partial` is text by sample."""

    state: Visibility
    placed: Placed | None
    partial: tuple[str, ...]
    last_event: str


def snapshot(job_id: JobId, client: str) -> Call[Snapshot]:
    """Read a job together with its partial text."""

    def decode(reply: Any) -> Snapshot:
        state, placed = _found(reply)
        if placed is None:
            return Snapshot(state, None, (), "0-0")
        return Snapshot(state, placed, tuple(text.decode() for text in reply[2]), reply[3].decode())

    return Call("snapshot", (job_id, client), decode)


class Event(NamedTuple):
    """One entry of a job's stream; `data` is JSON."""

    id: str
    name: str
    data: str


class Events(NamedTuple):
    """Events after a given one; with a `gap`, some are no longer there and a snapshot is due."""

    state: Visibility
    gap: bool
    events: tuple[Event, ...]


def events(job_id: JobId, client: str, after: str, count: int = 100) -> Call[Events]:
    """Read the events after the one with id `after` (`0-0` = from the first)."""

    def decode(reply: Any) -> Events:
        if len(reply) == 1:
            return Events(reply[0].decode(), gap=False, events=())
        found = tuple(
            Event(entry.decode(), fields[1].decode(), fields[3].decode())
            for entry, fields in reply[2]
        )
        return Events(reply[0].decode(), reply[1] == b"gap", found)

    return Call("events", (job_id, client, after, count), decode)


class Page(NamedTuple):
    """Jobs, newest first, and the cursor of the next page ("" = this is the last)."""

    jobs: tuple[Placed, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which of a client's jobs are meant; "", () and None are all.

    Times are milliseconds since 1970: from `created_from` on, and before `created_before`.
    """

    kind: str = ""
    statuses: tuple[Status, ...] = ()
    tag: str = ""
    created_from: int | None = None
    created_before: int | None = None


EVERY = Filter()


def list_jobs(
    client: str, which: Filter = EVERY, *, cursor: str = "", limit: int = 50
) -> Call[Page]:
    """Read a page of a client's jobs.

    A page may be short, even empty, and not the last: so many jobs are looked at in one go.
    """
    since, until = which.created_from, which.created_before
    # ids tell the time by the gateway's clock, records by that of Redis: near enough to begin with
    lowest = "" if since is None else first_id_at(since - _CLOCK_SKEW_MS)
    highest = "" if until is None else first_id_at(until + _CLOCK_SKEW_MS)
    return Call(
        "list",
        (
            *(client, cursor or highest, lowest, limit),
            *(which.kind, " ".join(which.statuses), which.tag),
            *(-1 if since is None else since, -1 if until is None else until),
        ),
        lambda reply: Page(tuple(placed_of(view) for view in reply[0]), reply[1].decode()),
    )


def cancel(job_id: JobId, client: str, keep: Keep) -> Call[Found]:
    """Cancel a job: a queued one ends at once, a running one within a step, an ended one stays."""
    return Call("cancel", (job_id, client, *keep), _found)


def cancel_many(
    job_ids: Sequence[JobId], client: str, keep: Keep
) -> Call[tuple[Status | None, ...]]:
    """Cancel jobs as `cancel` does; return how each is then, None for one that isn't there."""
    return Call(
        "cancel_many",
        (client, *keep, *job_ids),
        lambda reply: tuple(cast(Status, text_of(s)) if s else None for s in reply),
    )


def delete(job_id: JobId, client: str, keep: Keep) -> Call[Visibility]:
    """Remove a job, whatever its state."""
    return Call("delete", (job_id, client, *keep), text_of)


def placed_of(view: Any) -> Placed:
    """Read a job as `view` in the prelude has it."""
    fields, position, now, foreseen = view
    return Placed(
        job=decode_job(pairs_of(fields)),
        position=position if position >= 0 else None,
        now=now,
        foreseen=Foreseen(*foreseen) if foreseen else None,
    )


def _found(reply: Any) -> Found:
    return Found(reply[0].decode(), placed_of(reply[1]) if len(reply) > 1 else None)
