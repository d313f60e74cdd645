"""What a worker says of itself, and when it is the last time."""

from pathlib import Path
from typing import Any

from redis import Redis

from genart_core.jobs.figures import Loads, load_figures
from genart_core.nn import device
from tests.support.requests import queue_art
from tests.support.table import Table
from tests.worker.conftest import MakeEngine, let_go
from worker.announcement import Announcer
from worker.engine import Engine
from worker.tally import Tally


def announcer_of(engine: Engine, redis: Redis, home: Path) -> Announcer:
    return Announcer(redis, engine, engine._claimant, home=home, device=device)


def announced(table: Table) -> dict[str, Any]:
    (facts,) = table.survey().workers
    return facts


def test_worker_tells_of_the_jobs_in_hand_and_whose_they_are(
    table: Table, redis: Redis, home: Path, make_engine: MakeEngine
) -> None:
    engine = make_engine()
    announcer = announcer_of(engine, redis, home)
    job_id = queue_art(table, client="ben")
    engine.claim(1)
    announcer.announce()

    assert announced(table)["jobs"] == {job_id: "ben"}
    let_go(engine.keeper)
    announcer.announce()
    assert announced(table)["jobs"] == {}


def test_draining_worker_says_so_and_is_gone_for_good_once_it_leaves(
    table: Table, redis: Redis, home: Path, make_engine: MakeEngine
) -> None:
    engine = make_engine()
    announcer = announcer_of(engine, redis, home)
    announcer.announce()
    assert announced(table)["draining"] is False
    engine.drain()
    announcer.announce()
    assert announced(table)["draining"] is True

    engine.tally.add(load_figures("test/a", 0.5))
    announcer.leave()
    announcer.announce()  # as its side thread would

    assert table.survey().workers == ()
    assert table.figures().loads == {"test/a": Loads(1, 0.5)}


def test_total_is_told_until_it_has_arrived() -> None:
    tally = Tally()
    tally.add({"a": 1, "b": 2})
    lost = tally.untold()
    tally.add({"a": 1})

    assert lost == {"a": 1, "b": 2}
    assert tally.untold() == {"a": 2, "b": 2}
    tally.note_told({"a": 2, "b": 2})
    assert tally.untold() == {}
    tally.add({"b": 1})
    assert tally.untold() == {"b": 3}
