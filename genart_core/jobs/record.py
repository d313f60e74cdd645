"""The job as both sides know it, and its form in Redis."""

import json
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from threading import Lock
from typing import Any, Literal, NamedTuple, NewType, cast

import orjson

JobId = NewType("JobId", str)

Status = Literal["queued", "running", "canceling", "succeeded", "failed", "canceled", "expired"]
STATUSES: tuple[Status, ...] = (
    "queued",
    "running",
    "canceling",
    "succeeded",
    "failed",
    "canceled",
    "expired",
)
Priority = Literal["low", "normal", "high"]
TERMINAL: frozenset[Status] = frozenset({"succeeded", "failed", "canceled", "expired"})

_read = json.JSONDecoder().decode  # `json.loads` asks each time what it has been given

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32
_JOB_ID = re.compile(r"[0-7][0-9a-hjkmnp-tv-z]{25}")


class _Ids:
    """Numbers that sort by time, also those of one process within a millisecond."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last = 0

    def next(self) -> int:
        drawn = (int(time.time() * 1000) << 80) | secrets.randbits(80)
        with self._lock:
            # a small random step, so that a neighbour's id can't be told from one's own
            self._last = max(drawn, self._last + 1 + secrets.randbits(64))
            return self._last


_ids = _Ids()


def new_job_id() -> JobId:
    """Return a fresh id: 48 bits of milliseconds, then 80 random bits, so that ids sort by time."""
    number = _ids.next()
    return JobId("".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5)))


def first_id_at(milliseconds: int) -> JobId:
    """Return the lowest id that can be drawn at a time; what came before it sorts before."""
    number = min(max(milliseconds, 0), 2**48 - 1) << 80
    return JobId("".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5)))


def parse_job_id(text: str) -> JobId | None:
    """Return `text` as a job id, or None if it can't be one."""
    return JobId(text) if _JOB_ID.fullmatch(text) else None


@dataclass(frozen=True, slots=True)
class StoredOutput:
    """One file of a job: where it lies in the blob store and what it is."""

    path: str
    media_type: str
    bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One job's record. Times are milliseconds since 1970 by Redis' clock; 0 means not yet.

    `provenance` says what made the outputs: version, device, and the weights' sha256 by name.
    A worker must have begun by `start_by`, and ended by `deadline_at`.
    `preview` is how a running job looks so far; it is number `previews` - 1 of those shown.
    One that is `cached` was never made: its outputs are those of an earlier job.
    `result_json` is as `encode_result` wrote it: answers carry it on without reading it.
    `request_id` names the HTTP request that submitted it, `trace` the span of the submit (a W3C
    `traceparent`); either may be "".
    """

    id: JobId
    kind: str
    client: str
    status: Status
    version: int
    attempt: int
    request: dict[str, Any]
    batch_key: str
    cost: float
    created_at: int
    started_at: int
    finished_at: int
    expires_at: int
    start_by: int
    deadline_at: int
    priority: Priority
    tags: tuple[str, ...]
    step: int
    total: int
    fence: int
    worker: str
    outputs: tuple[StoredOutput, ...]
    result_json: bytes | None
    provenance: dict[str, Any] | None
    error: dict[str, Any] | None
    preview: StoredOutput | None
    previews: int
    cached: bool
    request_id: str
    trace: str

    @property
    def is_terminal(self) -> bool:
        """Whether nothing will change any more."""
        return self.status in TERMINAL

    @property
    def result(self) -> dict[str, Any] | None:
        """What the kind says of the artwork, None until it has ended well."""
        return None if self.result_json is None else orjson.loads(self.result_json)


class Foreseen(NamedTuple):
    """When a job will be done, judged by those before it: an interval, in milliseconds from now."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A job and its place among the others, at one moment.

    `position` counts the jobs before it (0 = next), None unless it is queued. `foreseen` is None
    once it has ended, and before anything of its kind, or of one in the line before it, was
    measured.
    """

    job: Job
    position: int | None
    now: int
    foreseen: Foreseen | None


def decode_job(fields: Mapping[bytes, bytes]) -> Job:
    """Read a record's hash."""

    def text(name: bytes) -> str:
        return fields.get(name, b"").decode()

    def number(name: bytes) -> int:
        return int(fields.get(name) or 0)

    return Job(
        id=JobId(text(b"id")),
        kind=text(b"kind"),
        client=text(b"client"),
        status=cast(Status, text(b"status")),
        version=number(b"version"),
        attempt=number(b"attempt"),
        request=_read(text(b"request")),
        batch_key=text(b"batch_key"),
        cost=float(fields.get(b"cost") or 0.0),
        created_at=number(b"created_at"),
        started_at=number(b"started_at"),
        finished_at=number(b"finished_at"),
        expires_at=number(b"expires_at"),
        start_by=number(b"start_by"),
        deadline_at=number(b"deadline_at"),
        priority=cast(Priority, text(b"priority") or "normal"),
        tags=tuple(text(b"tags").split()),
        step=number(b"step"),
        total=number(b"total"),
        fence=number(b"fence"),
        worker=text(b"worker"),
        outputs=tuple(StoredOutput(**output) for output in _read(text(b"outputs") or "[]")),
        result_json=fields.get(b"result"),
        provenance=_read(text(b"provenance")) if b"provenance" in fields else None,
        error=_read(text(b"error")) if b"error" in fields else None,
        preview=StoredOutput(**_read(text(b"preview"))) if b"preview" in fields else None,
        previews=number(b"previews"),
        cached=b"cached" in fields,
        request_id=text(b"request_id"),
        trace=text(b"trace"),
    )


def encode_result(result: Mapping[str, Any]) -> bytes:
    """Write what a kind says of its artwork as it stands in the record.

    Raises:
        TypeError: if JSON can't hold it.
        ValueError: likewise, as of NaN and infinity.
    """
    data = orjson.dumps(result)
    if b"null" in data:  # which may be a None, but is also what it makes of NaN
        json.dumps(result, allow_nan=False)
    return data


def encode_outputs(outputs: tuple[StoredOutput, ...]) -> str:
    """Write outputs as they stand in the record."""
    return json.dumps([asdict(output) for output in outputs])
