"""What was accepted, held against what became of it.

Whoever submits notes every job that was accepted. When the load is over, each must have ended,
once (its history has one ending, and nothing behind it), as succeeded, begun as often as its record
says, and with the right bytes: those that the record announces, and those that the same request
gave when it was run alone. A picture may differ from that one by one step of 255, as the service
promises of pictures whatever batch they were made in.
"""

import hashlib
import io
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from PIL import Image, ImageChops

from loadtest.api import Api, Ask, Event

TERMINAL = frozenset({"succeeded", "failed", "canceled", "expired"})
PICTURE_STEPS = 1  # of 255, by which a picture may differ from the one made alone

Expected = Mapping[Ask, tuple[bytes, ...]]
"""The files that each request gives when it is run alone."""


@dataclass(slots=True)
class Accepted:
    """A job that the service has promised to make.

    `mark` is the idempotency key of its submit, `key` the API key, `group` what it is counted
    with. `job` is its record at the end, once it has been judged; then `faults` says what is wrong.
    """

    id: str
    ask: Ask
    mark: str
    key: str
    group: str
    job: dict[str, Any] | None = None
    faults: list[str] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """From submit to end, by the service's clock; nan if it has not ended."""
        if self.job is None or self.job["finished_at"] is None:
            return math.nan
        return moment(self.job["finished_at"]) - moment(self.job["created_at"])

    @property
    def is_good(self) -> bool:
        """Whether it was made as promised."""
        return self.job is not None and not self.faults


@dataclass(frozen=True)
class Evidence:
    """All that can be known of a job from outside; `job` None = nobody knows it.

    `events` is its history from the first, and whatever stands behind its ending.
    """

    job: dict[str, Any] | None
    events: tuple[Event, ...] = ()
    files: tuple[bytes, ...] = ()


class Oracle:
    """Notes what is accepted, and judges it in the end."""

    def __init__(self, expected: Expected) -> None:
        self.expected = expected
        self.accepted: list[Accepted] = []
        self.doubled: list[str] = []
        self._by_mark: dict[str, str] = {}
        self._ids: set[str] = set()

    def note(self, accepted: Accepted) -> None:
        """Note a job; one submit must not make two, nor two submits one."""
        known = self._by_mark.setdefault(accepted.mark, accepted.id)
        if known != accepted.id:
            self.doubled.append("one submit made two jobs")
        elif accepted.id in self._ids:
            self.doubled.append("two submits were given one job")
            return
        self._ids.add(accepted.id)
        self.accepted.append(accepted)

    def judge(self, accepted: Accepted, evidence: Evidence) -> None:
        """Enter what became of a job."""
        accepted.job = evidence.job
        accepted.faults = list(faults(evidence, self.expected.get(accepted.ask)))

    def strays(self, listed: Iterable[str]) -> list[str]:
        """Return those of the jobs that the service lists which nobody was told of."""
        return sorted(set(listed) - self._ids)

    @property
    def faults(self) -> Counter[str]:
        """What is wrong, and how often."""
        found = Counter(fault for accepted in self.accepted for fault in accepted.faults)
        return found + Counter(self.doubled)

    @property
    def lost(self) -> int:
        """How many jobs did not end as promised."""
        return sum(not accepted.is_good for accepted in self.accepted)


def gather(api: Api, job_id: str) -> Evidence:
    """Read all that can be known of a job.

    A stream of events ends with the job's ending, so what stands behind that is asked for too.
    """
    reply = api.ask("GET", f"/v1/jobs/{job_id}")
    if reply.status != 200:
        return Evidence(None)
    job = reply.json
    if job["status"] not in TERMINAL:
        return Evidence(job)
    events = list(api.events(job_id, "0-0"))
    if endings := [event.id for event in events if event.name == "done"]:
        events += api.events(job_id, endings[-1])
    files = tuple(api.ask("GET", output["url"]).body for output in job["outputs"])
    return Evidence(job, tuple(events), files)


def listed(api: Api) -> Iterator[str]:
    """Yield the ids of all jobs that the service has of a client."""
    path = "/v1/jobs?limit=100"
    while path:
        page = api.ask("GET", path).json
        yield from (job["id"] for job in page["jobs"])
        path = f"/v1/jobs?limit=100&cursor={page['cursor']}" if page["cursor"] else ""


def faults(evidence: Evidence, expected: tuple[bytes, ...] | None) -> Iterator[str]:
    """Yield what is wrong with a job that was accepted."""
    job = evidence.job
    if job is None:
        yield "lost: nobody knows it"
        return
    if job["status"] not in TERMINAL:
        yield f"lost: it is still {job['status']}"
        return
    if job["status"] != "succeeded":
        yield f"ended as {job['status']} ({(job['error'] or {}).get('code')})"
    if job["cached"]:
        yield "not made: taken from the cache"
    yield from _wrong_history(job, evidence.events)
    if job["status"] == "succeeded":
        yield from _wrong_files(job, evidence.files, expected)


def _wrong_history(job: dict[str, Any], events: tuple[Event, ...]) -> Iterator[str]:
    if any(event.name == "snapshot" for event in events):
        yield "its history is longer than what the service keeps: it can't be judged"
        return
    endings = [event for event in events if event.name == "done"]
    if len(endings) != 1:
        yield f"ended {len(endings)} times"
    begun = sum(e.name == "status" and e.data["status"] == "running" for e in events)
    if begun != job["attempt"]:
        yield f"begun {begun} times, its record says {job['attempt']}"
    if any(e.data != {"status": job["status"], "version": job["version"]} for e in endings):
        yield "its history ends otherwise than its record"


def _wrong_files(
    job: dict[str, Any], files: tuple[bytes, ...], expected: tuple[bytes, ...] | None
) -> Iterator[str]:
    announced = [(output["bytes"], output["sha256"]) for output in job["outputs"]]
    if announced != [(len(data), hashlib.sha256(data).hexdigest()) for data in files]:
        yield "wrong bytes: not those that it announces"
    if expected is None or files == expected:
        return
    media = [output["media_type"] for output in job["outputs"]]
    if len(files) != len(expected) or not all(map(_is_alike, media, files, expected)):
        yield "wrong bytes: not those of the same request run alone"


def _is_alike(media_type: str, data: bytes, alone: bytes) -> bool:
    if data == alone or not media_type.startswith("image/"):
        return data == alone
    try:
        one, other = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(alone))
        if (one.size, one.mode) != (other.size, other.mode):
            return False
        steps = ImageChops.difference(one, other).getextrema()
    except OSError:
        return False
    highest = [high for _, high in steps] if isinstance(steps[0], tuple) else [steps[1]]
    return max(highest) <= PICTURE_STEPS


def moment(text: str) -> float:
    """Read a time of a record as seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()
