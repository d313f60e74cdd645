"""What all scenarios of a run share: the service, its keys, and what is noted of them."""

import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.client import HTTPException

from loadtest.api import Api, Ask, Reply
from loadtest.oracle import Accepted, Oracle


@dataclass(slots=True)
class Refusal:
    """A submit that was turned away with 429 or 503.

    `retry_after` is None where the answer doesn't say. `was_accepted` tells how it went when the
    caller came back then; None: it did not.
    """

    group: str
    code: str
    retry_after: float | None
    was_accepted: bool | None = None


@dataclass
class Stage:
    """A service under load. `keys` has at least one; "" = no key."""

    url: str
    keys: list[str]
    oracle: Oracle
    refusals: list[Refusal] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    submits: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def api(self, key: str) -> Api:
        """Return a connection of a client's own."""
        return Api(self.url, key)

    def known(self, wanted: Sequence[Ask]) -> list[Ask]:
        """Return those of the asks that this service makes; if it makes none, what it does make."""
        made = self.oracle.expected
        return [ask for ask in wanted if ask in made] or list(made)

    def take(self, reply: Reply, ask: Ask, *, mark: str, key: str, group: str) -> Refusal | None:
        """Note an answer to a submit; return the refusal if it is one."""
        self.submits[group] += 1
        if reply.status in (200, 202):
            self.oracle.note(Accepted(reply.json["id"], ask, mark, key, group))
            return None
        if reply.status in (429, 503):
            refusal = Refusal(group, reply.json["code"], reply.retry_after)
            self.refusals.append(refusal)
            return refusal
        self.problems.append(f"{ask.kind}: {reply.status} {reply.body[:200]!r}")
        return None

    def catch_up(self) -> None:
        """Return once the last accepted job of each client and kind has ended.

        Jobs of one client and kind are made in the order in which they came.
        """
        last = {(a.key, a.ask.kind): a for a in self.oracle.accepted}
        for accepted in last.values():
            self.wait_for(self.api(accepted.key), accepted.id)

    def wait_for(self, api: Api, job_id: str) -> None:
        """Return once a job has ended, or is gone; one that never ends is the oracle's to find."""
        for _ in range(4):
            try:
                reply = api.ask("GET", f"/v1/jobs/{job_id}", headers={"prefer": "wait=20"})
            except (OSError, HTTPException):
                continue
            if reply.status != 200 or reply.json["finished_at"] is not None:
                return


def new_mark() -> str:
    """Return a fresh idempotency key."""
    return secrets.token_hex(12)
