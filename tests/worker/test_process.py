"""A whole worker process, rung by real doorbells."""

import json
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from genart_core.jobs.record import Job
from tests.support.arts import executions, steps_done, verse
from tests.support.requests import queue_art, queue_unheard, request_of, wait_for_status
from tests.support.waiting import wait_for
from tests.support.weights import place_weights
from tests.worker.conftest import Service

STEP_MS = 20
FINAL = ("succeeded", "failed", "canceled", "expired")


def test_submitted_jobs_are_made(service: Service) -> None:
    table = service.table
    ids = [queue_art(table, seed=seed, steps=7) for seed in range(20)]

    for job_id in ids:
        assert wait_for_status(table, job_id, *FINAL) == "succeeded"
        (output,) = table.job(job_id).outputs
        text = b"".join(service.blobs.read(output.path)).decode()
        assert text == verse(request_of(table, job_id))


def test_jobs_join_a_running_batch(service: Service, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    first = queue_art(service.table, "batched", steps=1000, ms=10, name="first", journal=journal)
    wait_for(lambda: executions(journal), 30, "the first has begun")

    late = queue_art(service.table, "batched", steps=2, name="late", journal=journal)

    wait_for_status(service.table, late, "succeeded")
    assert service.table.cancel(first).state == "found"
    assert service.table.job(first).status == "canceling"  # it was still running
    wait_for_status(service.table, first, "canceled")


def test_canceled_job_ends_within_half_a_second_and_the_worker_lives(
    service: Service, tmp_path: Path
) -> None:
    sha256 = place_weights(service.home, "small")
    wait_for_status(service.table, queue_art(service.table, "modelled", model="small"), "succeeded")

    steps = [steps_until_canceled(service, tmp_path / str(n)) for n in range(3)]

    assert median(steps) * STEP_MS < 500  # in the worker's own time, which others may slow down
    wait_for_status(service.table, queue_art(service.table), "succeeded")
    wait_for(
        lambda: announced(service)["models"] == {"test/small": sha256}, 30, "it holds its model"
    )
    assert announced(service)["pid"] == service.worker.pid


def test_running_job_past_its_deadline_expires(service: Service) -> None:
    hasty = service.table.allowing(deadline_ms=400)
    job_id = queue_art(hasty, steps=10_000, ms=20)

    assert wait_for_status(hasty, job_id, *FINAL) == "expired"
    assert wait_for_status(hasty, queue_art(hasty), *FINAL) == "succeeded"


@pytest.mark.parametrize(("kind", "code"), [("broken", "internal"), ("refused", "invalid_image")])
def test_worker_outlives_a_generator_that_raises(service: Service, kind: str, code: str) -> None:
    job_id = queue_art(service.table, kind)

    wait_for_status(service.table, job_id, "failed")

    assert (service.table.job(job_id).error or {})["code"] == code
    wait_for_status(service.table, queue_art(service.table), "succeeded")


def test_unreadable_request_fails_as_invalid(service: Service) -> None:
    job_id = service.table.queue(kind="steps", request='{"seed": -1}')

    wait_for_status(service.table, job_id, "failed")

    assert (service.table.job(job_id).error or {})["code"] == "invalid_request"


def test_partial_text_is_seen_while_the_job_runs(service: Service) -> None:
    job_id = queue_art(service.table, steps=100, ms=10)

    def seen() -> str:
        return "".join(service.table.snapshot(job_id).partial)

    wait_for(lambda: len(seen()) > 10, 30, "some text is there")
    partial, whole = seen(), verse(request_of(service.table, job_id))
    wait_for_status(service.table, job_id, "succeeded")

    assert whole.startswith(partial)
    assert len(partial) < len(whole)


def test_progress_rises_at_most_five_times_a_second(service: Service) -> None:
    job_id = queue_art(service.table, steps=100, ms=10)

    wait_for_status(service.table, job_id, "succeeded")

    job = service.table.job(job_id)
    events = [e for e in service.table.events(job_id).events if e.name == "progress"]
    steps = [json.loads(event.data)["step"] for event in events]
    assert 3 <= len(steps) <= 1 + seconds_of(job) / 0.2
    assert steps == sorted(steps)


def test_lost_doorbell_delays_a_job_by_seconds_only(service: Service) -> None:
    wait_for_status(service.table, queue_art(service.table), "succeeded")

    job_id = queue_unheard(service.table)

    assert service.table.job(job_id).status == "queued"
    wait_for_status(service.table, job_id, "succeeded", seconds=4)


def test_redis_is_not_told_of_doorbells_that_were_heard(service: Service) -> None:
    redis = service.table.redis
    with redis.monitor() as seen:  # type: ignore[no-untyped-call]
        for _ in range(3):  # who hears the next one is through with the one before
            wait_for_status(service.table, queue_art(service.table), "succeeded")
        redis.echo("the end")
        commands = list(iter(lambda: seen.next_command()["command"], "ECHO the end"))

    assert any(command.startswith("BRPOP") for command in commands)
    assert [c for c in commands if c.startswith(("ZREM unacked", "HDEL unacked"))] == []


def test_housekeeping_goes_on_after_redis_refused(service: Service) -> None:
    redis = service.table.redis
    wait_for(lambda: not redis.exists("genart:leases"), 30, "nothing is under way")
    redis.set("genart:leases", "no sorted set")
    wait_for(lambda: "sweep skipped" in service.worker.log_path.read_text(), 30, "one was refused")

    redis.delete("genart:leases")

    wait_for_status(service.table, queue_unheard(service.table), "succeeded")


def test_worker_says_what_it_is_and_has(service: Service) -> None:
    facts = announced(service)

    assert facts["pid"] == service.worker.pid
    assert facts["device"] == "cpu"
    assert set(facts["kinds"]) >= {"steps", "batched"}
    assert facts["id"] == f"{facts['slot']}.{facts['epoch']}"


def steps_until_canceled(service: Service, journal: Path) -> int:
    """Return how many steps a job did after those that were reported when it was canceled."""
    job_id = queue_art(service.table, steps=10_000, ms=STEP_MS, name="long", journal=journal)
    wait_for(lambda: service.table.job(job_id).step, 30, "it is under way")
    placed = service.table.cancel(job_id).placed
    assert placed is not None
    wait_for_status(service.table, job_id, "canceled")
    return steps_done(journal, "long") - placed.job.step


def announced(service: Service) -> dict[str, Any]:
    (facts,) = service.table.survey().workers
    return facts


def seconds_of(job: Job) -> float:
    return (job.finished_at - job.started_at) / 1000
