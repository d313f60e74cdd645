"""What keeps the engine going: slots, sweeps, announcements, and a look at the whole."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from genart_core.jobs.queue import doorbell_pieces
from genart_core.jobs.record import JobId
from genart_core.jobs.store import Call, Keep, pairs_of, text_of

NOTHING_COUNTED: Mapping[str, int] = {}


class Opened(NamedTuple):
    """A slot's new epoch, and how many leases its earlier lives had held."""

    epoch: int
    released: int


def open_slot(slot: str, keep: Keep) -> Call[Opened]:
    """Begin a new life of a worker slot; all that earlier lives held is ready again."""
    return Call("open_slot", (slot, *doorbell_pieces(), *keep), lambda reply: Opened(*reply))


class Reaped(NamedTuple):
    """What a sweep did: whether we lead, leases taken back, jobs whose files are due to go.

    `due_assets` are pictures, by sha256, that no job may need any more. They are held as leaving
    for half a minute; `drop_assets` or `postpone_assets` ends that.
    """

    leads: bool
    taken_back: int
    due: tuple[JobId, ...]
    due_assets: tuple[str, ...]


def reap(reaper: str, keep: Keep) -> Call[Reaped]:
    """Sweep once: expired leases, missed deadlines, lost doorbells, old files."""
    return Call(
        "reap",
        (reaper, *doorbell_pieces(), *keep),
        lambda reply: Reaped(
            bool(reply[0]),
            reply[1],
            tuple(JobId(text_of(job_id)) for job_id in reply[2]),
            tuple(text_of(sha256) for sha256 in reply[3]),
        ),
    )


def forget(job_ids: Sequence[JobId]) -> Call[str]:
    """Note that the files of these jobs are gone."""
    return Call("forget", tuple(job_ids), text_of)


def postpone(job_ids: Sequence[JobId], milliseconds: int) -> Call[str]:
    """Let the files of these jobs be due again later: they can't be removed at present."""
    return Call("postpone", (milliseconds, *job_ids), text_of)


def drop_assets(assets: Sequence[str]) -> Call[str]:
    """Note that the files of these pictures are gone."""
    return Call("drop_assets", (0, *assets), text_of)


def postpone_assets(assets: Sequence[str], milliseconds: int) -> Call[str]:
    """Let these pictures be due again later: their files can't be removed at present."""
    return Call("drop_assets", (milliseconds, *assets), text_of)


def announce(
    worker: str, facts: dict[str, Any], totals: Mapping[str, int] = NOTHING_COUNTED
) -> Call[str]:
    """Say that a worker lives and what it has; forgotten after 10 s of silence.

    `totals` are figures that it has counted in its whole life, those that have risen.
    """
    flat = [part for pair in totals.items() for part in pair]
    return Call("announce", (worker, json.dumps(facts), *flat), text_of)


def depart(worker: str) -> Call[str]:
    """Say that a worker is leaving."""
    return Call("depart", (worker,), text_of)


@dataclass(frozen=True, slots=True)
class Survey:
    """The whole engine: (waiting, age of the oldest in ms) by kind, totals, workers, outcomes.

    A worker is what it announced, and `seen_at` when that was, by Redis' clock. `outcomes` counts
    jobs by (kind, status) since the store was made.
    """

    ready: dict[str, tuple[int, int]]
    leases: int
    dead: int
    workers: tuple[dict[str, Any], ...]
    outcomes: dict[tuple[str, str], int]


def survey(kinds: Sequence[str]) -> Call[Survey]:
    """Read the state of the engine."""

    def decode(reply: Any) -> Survey:
        counted = {tuple(k.decode().split(" ")): int(n) for k, n in pairs_of(reply[4]).items()}
        return Survey(
            ready={text_of(kind): (waiting, age) for kind, waiting, age in reply[0]},
            leases=reply[1],
            dead=reply[2],
            workers=tuple(json.loads(facts) | {"seen_at": seen} for facts, seen in reply[3]),
            outcomes=cast(dict[tuple[str, str], int], counted),
        )

    return Call("survey", tuple(kinds), decode)


class Pace(NamedTuple):
    """How fast a kind is made, as learned from the latest runs, whatever their device.

    A run takes about `base_ms` and `unit_ms` for each unit of cost, and rarely less than `soonest`
    times that. `most` is the largest cost that was measured. `backlog_ms` is the time that one
    worker would need for all that waits.
    """

    base_ms: float
    unit_ms: float
    soonest: float
    most: float
    backlog_ms: float


def paces(kinds: Sequence[str]) -> Call[dict[str, Pace]]:
    """Read how fast these kinds are made; those of which nothing was measured are left out."""
    return Call(
        "paces",
        tuple(kinds),
        lambda reply: {text_of(row[0]): Pace(*map(float, row[1:])) for row in reply},
    )
