"""The job as callers see it.

`JobView` documents the shape; the hot path writes the same members as a plain dict, which a test
compares with it.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
from pydantic import BaseModel, Field
from starlette.responses import Response

from genart_core.jobs.eta import Eta, estimate
from genart_core.jobs.record import Job, JobId, Placed, Status, StoredOutput

MAX_RETRY_SECONDS = 60


class ProgressView(BaseModel):
    """How far a job is."""

    step: int = Field(description="Steps done.")
    total: int = Field(description="Steps in all; 0 until the job says how many.")
    fraction: float = Field(description="Share done, 0 to 1.", ge=0, le=1)


class EtaView(BaseModel):
    """When the job will be done: an interval in which nine jobs in ten end, not a promise."""

    low: float = Field(description="Seconds from now, at the earliest.")
    high: float = Field(description="Seconds from now, at the latest.")


class OutputView(BaseModel):
    """One file of the artwork."""

    url: str = Field(description="Where to fetch it, relative to the root.")
    media_type: str = Field(description="Such as `image/png`.")
    bytes: int = Field(description="Size of the file.")
    sha256: str = Field(description="sha256 of the file, as 64 hexadecimal digits.")
    width: int | None = Field(description="Pixels; pictures only.")
    height: int | None = Field(description="Pixels; pictures only.")


class ProvenanceView(BaseModel):
    """What made the outputs; with the seed in `request`, enough to make them again."""

    version: str = Field(description="Version of the worker.")
    device: str = Field(description="Torch device that computed.")
    weights: dict[str, str] = Field(description="sha256 of each weights file, by `art/model`.")


class FailureView(BaseModel):
    """Why a job has no outputs."""

    code: str = Field(description="Stable name of the cause.")
    detail: str = Field(description="What went wrong, in words.")
    retryable: bool = Field(description="Whether the same request could succeed another time.")


class MetricsView(BaseModel):
    """Where the time went."""

    queue_ms: int | None = Field(description="Milliseconds from submit to the start of this run.")
    execution_ms: int | None = Field(description="Milliseconds from start to end.")


class UrlsView(BaseModel):
    """Where to go on, relative to the root."""

    self: str = Field(description="The job itself.")
    events: str = Field(description="Its event stream.")
    cancel: str = Field(description="Where a POST cancels it.")


class JobView(BaseModel):
    """One job."""

    id: str = Field(description="Its id, also part of its addresses.")
    kind: str = Field(description="What it makes, as in `/v1/{kind}`.")
    status: Literal[
        "queued", "running", "canceling", "succeeded", "failed", "canceled", "expired"
    ] = Field(description="How it stands; the last four are final.")
    version: int = Field(description="Rises with each change; the entity tag is `v<version>`.")
    attempt: int = Field(
        description="Times a worker has taken it: 0 = still waiting for the first."
    )
    cached: bool = Field(description="Whether the outputs are those of an earlier equal request.")
    request: dict[str, Any] = Field(description="What was asked for, defaults and seed filled in.")
    priority: Literal["low", "normal", "high"] = Field(description="Among its caller's own jobs.")
    tags: list[str] = Field(description="What its caller tagged it with.")
    progress: ProgressView = Field(description="How far it is.")
    queue_position: int | None = Field(description="Jobs before it; 0 = next, null = not waiting.")
    eta: EtaView | None = Field(description="Null when done, or when nothing was measured yet.")
    created_at: datetime = Field(description="When it was submitted.")
    start_by: datetime | None = Field(description="If no worker has begun by then: expired.")
    finish_by: datetime | None = Field(description="If it has not ended by then: expired.")
    started_at: datetime | None = Field(description="When its present run began; null: it waits.")
    finished_at: datetime | None = Field(description="When it ended; null: it has not.")
    expires_at: datetime | None = Field(description="When the job and its outputs are removed.")
    outputs: list[OutputView] = Field(
        description="The files, in the order of the samples; empty until it has succeeded."
    )
    result: dict[str, Any] | None = Field(description="What the kind says of the artwork.")
    provenance: ProvenanceView | None = Field(description="What made the outputs.")
    error: FailureView | None = Field(description="Why it failed; null unless it did.")
    metrics: MetricsView = Field(description="Where the time went.")
    urls: UrlsView = Field(description="Where to go on.")


class PageView(BaseModel):
    """A page of jobs, newest first."""

    jobs: list[JobView] = Field(description="At most `limit` of them.")
    cursor: str | None = Field(description="Pass it as `cursor` for the next page; null: no more.")


def view(placed: Placed) -> dict[str, Any]:
    """Return a job's members, ready for JSON."""
    job = placed.job
    return _members(job, placed.position, estimate(placed))


def job_response(
    placed: Placed,
    status_code: int,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, Any] | None = None,
) -> Response:
    """Return a job as an answer, with its entity tag and, while it is active, `Retry-After`.

    `members` are further members of the answer.
    """
    job, eta = placed.job, estimate(placed)
    fields = {"etag": etag(job), "cache-control": "private, no-cache", **(headers or {})}
    if not job.is_terminal:
        fields["retry-after"] = str(retry_seconds(eta))
    body = orjson.dumps({**_members(job, placed.position, eta), **(members or {})})
    return Response(body, status_code, fields, "application/json")


def etag(job: Job) -> str:
    """Return the entity tag of a job's present version."""
    return f'"v{job.version}"'


def retry_seconds(eta: Eta | None) -> int:
    """Return when it is worth asking for a job again."""
    return min(max(math.ceil(eta.low), 1), MAX_RETRY_SECONDS) if eta else 1


def job_url(job_id: JobId) -> str:
    """Return a job's address."""
    return f"/v1/jobs/{job_id}"


def _members(job: Job, position: int | None, eta: Eta | None) -> dict[str, Any]:
    url = job_url(job.id)
    return {
        "id": job.id,
        "kind": job.kind,
        "status": job.status,
        "version": job.version,
        "attempt": job.attempt,
        "cached": job.cached,
        "request": job.request,
        "priority": job.priority,
        "tags": job.tags,
        "progress": _progress(job.status, job.step, job.total),
        "queue_position": position,
        "eta": {"low": eta.low, "high": eta.high} if eta else None,
        "created_at": timestamp(job.created_at),
        "start_by": timestamp(job.start_by),
        "finish_by": timestamp(job.deadline_at),
        "started_at": timestamp(_started(job)),
        "finished_at": timestamp(job.finished_at),
        "expires_at": timestamp(job.expires_at),
        "outputs": [_output(url, n, output) for n, output in enumerate(job.outputs)],
        "result": None if job.result_json is None else orjson.Fragment(job.result_json),
        "provenance": job.provenance,
        "error": job.error,
        "metrics": _metrics(job),
        "urls": {"self": url, "events": f"{url}/events", "cancel": f"{url}/cancel"},
    }


def preview_url(job: Job) -> str:
    """Return the address of a job's latest preview."""
    return _preview_url(job.id, job.previews - 1)


def preview_view(job: Job) -> dict[str, Any] | None:
    """Return what a job shows while it is being made, None if it shows nothing."""
    if job.preview is None:
        return None
    shown = job.preview
    event = {"number": job.previews - 1, "media_type": shown.media_type}
    return preview_event(job.id, {**event, "width": shown.width, "height": shown.height})


def preview_event(job_id: JobId, data: dict[str, Any]) -> dict[str, Any]:
    """Return an event's data with the preview's address."""
    return {**data, "url": _preview_url(job_id, data["number"])}


def _preview_url(job_id: JobId, number: int) -> str:
    return f"{job_url(job_id)}/previews/{number}"


def milliseconds(moment: datetime | None) -> int | None:
    """Return a time as milliseconds since 1970, none below 0."""
    return None if moment is None else max(math.floor(moment.timestamp() * 1000), 0)


def timestamp(milliseconds: int) -> str | None:
    """Return a time as RFC 3339 in UTC with milliseconds; None for 0."""
    if not milliseconds:
        return None
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return f"{moment.isoformat(timespec='milliseconds')[:23]}Z"


def _started(job: Job) -> int:
    """A job that lost its worker waits again, so it has not started."""
    return 0 if job.status == "queued" else job.started_at


def _progress(status: Status, step: int, total: int) -> dict[str, float]:
    share = step / total if total else 0.0
    fraction = 1.0 if status == "succeeded" else round(min(share, 1.0), 4)
    return {"step": step, "total": total, "fraction": fraction}


def _output(url: str, number: int, output: StoredOutput) -> dict[str, Any]:
    return {
        "url": f"{url}/outputs/{number}",
        "media_type": output.media_type,
        "bytes": output.bytes,
        "sha256": output.sha256,
        "width": output.width,
        "height": output.height,
    }


def _metrics(job: Job) -> dict[str, int | None]:
    started = _started(job)
    left_queue = started or job.finished_at
    return {
        "queue_ms": left_queue - job.created_at if left_queue else None,
        "execution_ms": job.finished_at - started if started and job.finished_at else None,
    }
