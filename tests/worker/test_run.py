"""What a generator's calls on its run make of the job."""

import json
import time
from pathlib import Path

import pytest

from genart_core.artwork import Artwork, Output
from genart_core.catalogue import find_kind
from tests.support.requests import queue_art
from tests.support.table import Table
from tests.support.valkey import full
from tests.support.waiting import wait_for
from tests.worker.conftest import MakeEngine
from worker.engine import Engine
from worker.run import ActiveRun

ARTWORK = Artwork((Output(b"made", "text/plain"),), {"made": True})


@pytest.fixture
def engine(make_engine: MakeEngine) -> Engine:
    return make_engine()


@pytest.fixture
def run(table: Table, engine: Engine) -> ActiveRun:
    """A claimed job in hand."""
    queue_art(table)
    return engine.open_runs(find_kind("steps"), engine.claim(1))[0]


def names(table: Table, run: ActiveRun) -> list[str]:
    return [event.name for event in table.events(run.job.id).events]


def test_first_progress_and_text_are_sent_at_once(table: Table, run: ActiveRun) -> None:
    run.token(0, "a")
    run.progress(1, 9)

    assert names(table, run) == ["status", "status", "token", "progress"]


def test_progress_is_sent_five_times_a_second_at_most(table: Table, run: ActiveRun) -> None:
    began = time.monotonic()
    step = 0
    while time.monotonic() - began < 0.7 or names(table, run).count("progress") < 2:
        step += 1
        run.progress(step, 10_000)
    took = time.monotonic() - began

    assert names(table, run).count("progress") <= 1 + took / 0.2


def test_text_is_sent_twenty_times_a_second_at_most(table: Table, run: ActiveRun) -> None:
    began = time.monotonic()
    while time.monotonic() - began < 0.4 or names(table, run).count("token") < 3:
        run.token(0, "x")
    took = time.monotonic() - began

    assert names(table, run).count("token") <= 1 + took / 0.05


def test_joined_chunks_add_up_to_what_was_written(table: Table, run: ActiveRun) -> None:
    written = {0: "", 1: ""}
    began = time.monotonic()
    count = 0
    while time.monotonic() - began < 0.3:
        count += 1
        written[count % 2] += f"é{count} "
        run.token(count % 2, f"é{count} ")

    partial = table.snapshot(run.job.id).partial

    assert all(written[sample].startswith(text) for sample, text in enumerate(partial))
    assert all(len(text) > len(written[n]) / 2 for n, text in enumerate(partial))


def test_followed_text_is_whole_when_the_job_has_ended(
    table: Table, engine: Engine, run: ActiveRun
) -> None:
    written = [f"{number} " for number in range(9)]
    for text in written:
        run.token(0, text)
    run.token(1, "another sample")
    run.finish(ARTWORK)
    engine.ledger.wait()

    followed = {0: "", 1: ""}
    for event in table.events(run.job.id).events:
        if event.name == "token":
            told = json.loads(event.data)
            assert told["offset"] == len(followed[told["sample"]])
            followed[told["sample"]] += told["text"]
    assert followed == {0: "".join(written), 1: "another sample"}
    assert names(table, run)[-2:] == ["status", "done"]


def test_finished_run_is_a_succeeded_job_with_its_files(
    table: Table, engine: Engine, run: ActiveRun, home: Path
) -> None:
    run.finish(ARTWORK)
    engine.ledger.wait()

    job = table.job(run.job.id)
    assert (job.status, job.result) == ("succeeded", {"made": True})
    assert [(home / "blobs" / output.path).read_bytes() for output in job.outputs] == [b"made"]
    assert engine.keeper.jobs == []


def test_first_ending_counts(table: Table, engine: Engine, run: ActiveRun) -> None:
    run.fail("invalid_image", "no picture")
    run.finish(ARTWORK)
    engine.ledger.wait()

    job = table.job(run.job.id)
    assert (job.status, job.outputs) == ("failed", ())
    assert job.error == {"code": "invalid_image", "detail": "no picture", "retryable": False}


def test_nothing_is_sent_after_the_end(table: Table, engine: Engine, run: ActiveRun) -> None:
    run.finish(ARTWORK)
    engine.ledger.wait()
    before = table.events(run.job.id).events

    run.progress(1, 2)
    run.token(0, "late")

    assert table.events(run.job.id).events == before


def test_run_that_was_not_stopped_goes_on(run: ActiveRun) -> None:
    assert not run.stopped
    assert not run.was_stopped


def test_first_reason_to_stop_counts(table: Table, engine: Engine, run: ActiveRun) -> None:
    run.stop("late")
    run.stop("drain")

    assert run.stopped
    engine.ledger.wait()
    assert table.job(run.job.id).status == "expired"


def test_drained_run_is_handed_back(table: Table, engine: Engine, run: ActiveRun) -> None:
    run.stop("drain")

    assert run.stopped
    engine.ledger.wait()
    assert table.job(run.job.id).status == "queued"
    assert engine.keeper.jobs == []


def test_run_that_lost_its_job_writes_nothing(table: Table, engine: Engine, run: ActiveRun) -> None:
    table.open_slot("s1")
    owner = table.take("s2", kinds={"steps": 1})
    run.progress(1, 2)

    assert run.stopped
    engine.ledger.wait()
    assert table.job(run.job.id) == owner


def test_report_is_not_lost_while_redis_is_full(table: Table, run: ActiveRun) -> None:
    with full(table.redis):
        run.token(0, "before ")

    run.token(0, "after")

    def partial() -> tuple[str, ...]:
        run.token(0, "")  # what is due is sent
        return table.snapshot(run.job.id).partial

    wait_for(lambda: partial() == ("before after",), 30, "both are there")
