"""Messages to those who want to be told of a job's end: what is due, and what became of it.

A message comes into being in the step that ends its job, and is known by that job's id: a job ends
once. It is delivered at least once: whoever takes it has it for a while only.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from genart_core.jobs.caller import Visibility, placed_of
from genart_core.jobs.record import JobId, Placed
from genart_core.jobs.store import Call, pairs_of, text_of

HookStatus = Literal["pending", "delivered", "failed"]


class DueHook(NamedTuple):
    """A message to be delivered now; `attempts` were made before, `claim` is whose turn it is.

    It has its `body` if it was tried before, else the job that it is about.
    """

    job_id: JobId
    claim: int
    url: str
    client: str
    attempts: int
    body: bytes
    placed: Placed | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: when (milliseconds since 1970), the status of the answer, or what went wrong."""

    at: int
    status: int | None
    error: str
    duration_ms: int


class Hook(NamedTuple):
    """The message about a job's end; `due_at` is 0 if it is not tried again."""

    url: str
    event: str
    status: HookStatus
    due_at: int
    attempts: tuple[Attempt, ...]


class FoundHook(NamedTuple):
    """A reader's answer; None if there is no message about the job, or none yet."""

    state: Visibility
    hook: Hook | None


def claim_hooks(
    limit: int, lease_ms: int, most: int, on_their_way: Sequence[str]
) -> Call[tuple[DueHook, ...]]:
    """Take up to `limit` messages that are due, for `lease_ms`.

    `on_their_way` are the clients of those that the caller has already; no client has more than
    `most`.
    """

    def decode(reply: Any) -> tuple[DueHook, ...]:
        return tuple(
            DueHook(
                JobId(text_of(job_id)),
                claim,
                text_of(url),
                text_of(client),
                attempts,
                body,
                None if body else placed_of(view),
            )
            for job_id, claim, url, client, attempts, body, view in reply
        )

    return Call("claim_hooks", (limit, lease_ms, most, *on_their_way), decode)


def note_hook(
    due: DueHook, status: HookStatus, attempt: Attempt, *, after_ms: int = 0, body: bytes = b""
) -> Call[str]:
    """Note an attempt; one that leaves the message `pending` is followed by another."""
    args = (due.job_id, due.claim, status, after_ms, json.dumps(asdict(attempt)), body)
    return Call("note_hook", args, text_of)


def get_hook(job_id: JobId, client: str) -> Call[FoundHook]:
    """Read the message about a job of this client."""
    return Call("get_hook", (job_id, client), _found)


def redeliver_hook(job_id: JobId, client: str) -> Call[FoundHook]:
    """Let the message about a job of this client be delivered once more."""
    return Call("redeliver_hook", (job_id, client), _found)


def _found(reply: Any) -> FoundHook:
    state = reply[0].decode()
    if len(reply) == 1 or not reply[1][0]:
        return FoundHook(state, None)
    fields, log, due_at = pairs_of(reply[1][0]), reply[1][1], reply[1][2]
    hook = Hook(
        url=text_of(fields[b"url"]),
        event=text_of(fields[b"event"]),
        status=text_of(fields[b"status"]),
        due_at=int(float(due_at or 0)),
        attempts=tuple(Attempt(**json.loads(entry)) for entry in log),
    )
    return FoundHook(state, hook)
