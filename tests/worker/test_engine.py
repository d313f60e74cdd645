"""The engine in this process: claims, batches, and how generators' mistakes end."""

import threading
from pathlib import Path

import pytest

from genart_core.jobs.upkeep import announce, paces
from tests.support.arts import executions, verse
from tests.support.requests import queue_art, request_of
from tests.support.table import Table
from tests.support.valkey import full
from tests.support.waiting import wait_for
from tests.support.weights import place_weights
from tests.worker.conftest import MakeEngine
from worker.engine import Engine


@pytest.fixture
def engine(make_engine: MakeEngine) -> Engine:
    return make_engine()


def look(engine: Engine) -> None:
    """Let it make whatever waits."""
    engine.look()
    engine.ledger.wait()


def test_one_look_makes_all_that_waits(table: Table, engine: Engine, home: Path) -> None:
    ids = [queue_art(table, kind, seed=seed) for seed in range(3) for kind in ("steps", "batched")]

    look(engine)

    for job_id in ids:
        (output,) = table.job(job_id).outputs
        text = (home / "blobs" / output.path).read_text()
        assert text == verse(request_of(table, job_id))


def test_compatible_jobs_are_made_together(table: Table, engine: Engine) -> None:
    same = [queue_art(table, "batched", name=f"same{n}") for n in range(3)]
    other = queue_art(table, "batched", name="other", group="g")

    look(engine)

    companions = [(table.job(job_id).result or {})["companions"] for job_id in [*same, other]]
    assert companions == [["same0", "same1", "same2"]] * 3 + [["other"]]


def test_batch_is_no_larger_than_its_kind_allows(table: Table, engine: Engine) -> None:
    ids = [queue_art(table, "steps", name=str(n)) for n in range(6)]

    look(engine)

    sizes = [len((table.job(job_id).result or {})["companions"]) for job_id in ids]
    assert sizes == [4, 4, 4, 4, 2, 2]


def test_jobs_join_a_running_batch(table: Table, engine: Engine, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    first = queue_art(table, "batched", name="first", steps=10_000, ms=5, journal=journal)
    looking = threading.Thread(target=engine.look)
    looking.start()
    wait_for(lambda: executions(journal), 30, "the first has begun")

    late = queue_art(table, "batched", name="late", steps=2, journal=journal)

    wait_for(lambda: table.job(late).is_terminal, 30, "the late one is done")
    table.cancel(first)  # it would go on for most of a minute
    looking.join()
    assert executions(journal, "finished") == ["late"]
    assert executions(journal, "stopped") == ["first"]
    assert (table.job(late).result or {})["companions"] == ["first", "late"]


def test_nobody_joins_while_another_model_waits(
    table: Table, engine: Engine, tmp_path: Path
) -> None:
    journal = tmp_path / "journal"
    queue_art(table, "batched", name="first", steps=40, ms=5, journal=journal)
    looking = threading.Thread(target=engine.look)
    looking.start()
    wait_for(lambda: executions(journal), 30, "the first has begun")

    queue_art(table, "batched", name="other", group="g", journal=journal)
    queue_art(table, "batched", name="same", journal=journal)

    looking.join()
    assert executions(journal) == ["first", "other", "same"]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("broken", "internal"),
        ("refused", "invalid_image"),
        ("unwritable", "output_not_stored"),
        ("modelled", "unknown_model"),
    ],
)
def test_generator_that_raises_fails_its_job(
    table: Table, engine: Engine, kind: str, code: str
) -> None:
    fields = {"model": "nowhere"} if kind == "modelled" else {}
    job_id = queue_art(table, kind, **fields)
    healthy = queue_art(table, "steps")

    look(engine)

    failed = table.job(job_id)
    assert failed.status == "failed"
    assert failed.error is not None
    assert failed.error["code"] == code
    assert table.job(healthy).status == "succeeded"


def test_broken_generator_does_not_tell_its_insides(table: Table, engine: Engine) -> None:
    job_id = queue_art(table, "broken")

    look(engine)

    error = table.job(job_id).error
    assert error is not None
    assert "ZeroDivisionError" not in error["detail"]


def test_run_that_its_generator_forgot_fails(table: Table, engine: Engine) -> None:
    ids = [queue_art(table, "forgetful") for _ in range(2)]

    look(engine)

    assert [table.job(job_id).status for job_id in ids] == ["succeeded", "failed"]


@pytest.mark.parametrize("request_", ['{"seed": "one"}', '{"seed": 1, "no": 1}', "[]"])
def test_unreadable_request_fails_as_invalid(table: Table, engine: Engine, request_: str) -> None:
    job_id = table.queue(kind="steps", batch_key="", request=request_)
    healthy = queue_art(table, "steps")

    look(engine)

    error = table.job(job_id).error
    assert error is not None
    assert error["code"] == "invalid_request"
    assert table.job(healthy).status == "succeeded"


def test_engine_is_at_rest_after_a_look(table: Table, engine: Engine) -> None:
    queue_art(table)

    look(engine)

    assert engine.heartbeat.silence == 0.0
    assert engine.keeper.jobs == []


def test_weights_are_named_in_the_record(table: Table, engine: Engine, home: Path) -> None:
    sha256 = place_weights(home, "small")
    ids = [queue_art(table, "modelled", model="small") for _ in range(2)]

    look(engine)

    for job_id in ids:
        assert (table.job(job_id).provenance or {})["weights"] == {"test/small": sha256}


def test_late_joiner_is_made_with_the_batch_weights(
    table: Table, engine: Engine, home: Path
) -> None:
    sha256 = place_weights(home, "small")
    queue_art(table, "modelled", model="small")
    look(engine)
    queue_art(table, "modelled", model="small")

    look(engine)

    assert engine.residents.held == {"test/small": sha256}


def test_draining_engine_claims_nothing(table: Table, engine: Engine) -> None:
    job_id = queue_art(table)
    engine.drain()

    look(engine)

    assert table.job(job_id).status == "queued"


def test_claim_under_way_when_the_drain_begins_is_in_hand_afterwards(
    table: Table, engine: Engine
) -> None:
    queue_art(table)
    table.redis.client_pause(300, all=True)  # the claim's reply is late
    claiming = threading.Thread(target=engine.claim, args=(1,))
    claiming.start()

    engine.drain()

    in_hand = {job.id for job in engine.keeper.jobs}
    claiming.join()
    assert in_hand == table.members("leases")


def test_full_redis_makes_what_it_has_admitted(table: Table, engine: Engine) -> None:
    job_id = queue_art(table)

    with full(table.redis):
        look(engine)

    assert table.job(job_id).status == "succeeded"


def test_share_of_a_batch_is_a_part_of_the_workers_time(table: Table, engine: Engine) -> None:
    table.send(announce("s1.1", {}))
    for _ in range(4):
        queue_art(table, "steps", steps=10, ms=10)

    look(engine)

    queue_art(table, "steps", steps=10, ms=10)
    assert table.send(paces(["steps"]))["steps"].backlog_ms < 10 * 10


def test_run_that_had_a_model_loaded_teaches_nothing_of_later_ones(
    table: Table, engine: Engine, home: Path
) -> None:
    def learned(model: str) -> object:
        queue_art(table, "modelled", model=model)
        look(engine)
        return table.redis.hget("genart:pace:modelled", "run")

    for model in ("small", "other"):
        place_weights(home, model)

    first = learned("small")

    assert first  # a measure is better than none
    second = learned("small")
    assert second != first
    assert learned("other") == second
    assert learned("other") != second
