"""What the worker that holds a job's lease may do: claim, renew, report, commit, fail, hand back.

Each of these carries the fence number that the claim gave; once somebody else has claimed the job,
the old number opens nothing any more.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Literal, NamedTuple, cast

from genart_core.jobs.queue import doorbell_pieces
from genart_core.jobs.record import Job, JobId, StoredOutput, decode_job, encode_outputs
from genart_core.jobs.store import Call, Keep, pairs_of, text_of

Renewal = Literal["ok", "cancel", "late", "lost"]


class Claimant(NamedTuple):
    """Who claims: a worker process in one life (`epoch`) of its slot."""

    worker: str
    slot: str
    epoch: int


class Claimed(NamedTuple):
    """The jobs that were claimed; `stale` when this life of the slot has been written off."""

    outcome: Literal["claimed", "empty", "stale"]
    jobs: tuple[Job, ...]


def claim(
    claimant: Claimant,
    kinds: Mapping[str, int],
    *,
    lease_ms: int,
    limit: int,
    keep: Keep,
    join: tuple[str, str] = ("", ""),
) -> Call[Claimed]:
    """Take the next job in fair order and up to `limit` - 1 that can share its batch.

    `kinds` maps each kind this worker makes to its batch limit. `join` = (kind, batch key) asks for
    jobs that can enter a batch already running.
    """
    served = [part for kind, most in kinds.items() for part in (kind, most)]
    return Call(
        "claim",
        (*claimant, lease_ms, limit, *join, *keep, *served),
        lambda reply: Claimed(reply[0].decode(), tuple(decode_job(pairs_of(f)) for f in reply[1])),
    )


def renew(held: Sequence[tuple[JobId, int]], lease_ms: int) -> Call[tuple[Renewal, ...]]:
    """Extend the leases of (job, fence) pairs and learn which of them to stop."""
    flat = [part for pair in held for part in pair]
    return Call(
        "renew", (lease_ms, *flat), lambda reply: tuple(cast(Renewal, text_of(r)) for r in reply)
    )


class Chunk(NamedTuple):
    """Partial text of one sample that begins at character `offset`."""

    sample: int
    offset: int
    text: str


def report(
    job_id: JobId, fence: int, *, progress: tuple[int, int] | None, chunks: Sequence[Chunk]
) -> Call[Literal["ok", "lost"]]:
    """Publish (step, total) and partial text of a running job."""
    step, total = progress if progress else ("", "")
    flat = [part for chunk in chunks for part in chunk]
    return Call("report", (job_id, fence, step, total, *flat), text_of)


def show(job_id: JobId, fence: int, preview: StoredOutput) -> Call[Literal["ok", "lost"]]:
    """Show how a running job looks so far, in place of what was shown before."""
    return Call("preview", (job_id, fence, json.dumps(asdict(preview))), text_of)


# The same request can succeed another time: a fault of ours, or of the disk.
RETRYABLE = frozenset({"internal", "output_not_stored"})

Finish = Literal["ok", "canceled", "lost"]
Ending = Literal["failed", "expired", "canceled"]


def commit(
    job_id: JobId,
    fence: int,
    outputs: tuple[StoredOutput, ...],
    result: bytes,
    *,
    provenance: dict[str, Any],
    share_ms: float,
    keep: Keep,
) -> Call[Finish]:
    """Make the outputs of a run the job's outputs, if its fence still holds.

    `result` is as `encode_result` writes it. `share_ms` is the worker's time that it took, or 0 if
    it took longer than others will, as a model had to be loaded.
    """
    facts = (
        *("outputs", encode_outputs(outputs)),
        *("result", result),
        *("provenance", json.dumps(provenance)),
    )
    return Call("finish", (job_id, fence, "succeeded", *keep, share_ms, *facts), text_of)


def fail(
    job_id: JobId,
    fence: int,
    *,
    code: str,
    detail: str,
    status: Ending = "failed",
    keep: Keep,
) -> Call[Finish]:
    """End a run without outputs, if its fence still holds."""
    error = json.dumps({"code": code, "detail": detail, "retryable": code in RETRYABLE})
    return Call("finish", (job_id, fence, status, *keep, 0, "error", error), text_of)


def hand_back(job_id: JobId, fence: int, keep: Keep) -> Call[Literal["ok", "lost"]]:
    """Return a claimed job to its place in the line; it counts as no failure."""
    return Call("handback", (job_id, fence, *doorbell_pieces(), *keep), text_of)
