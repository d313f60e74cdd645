"""How a worker process leaves: asked to, stuck, written off, or with Redis gone for a while."""

import re
import signal
from collections.abc import Callable
from pathlib import Path

from tests.support.arts import executions, verse
from tests.support.requests import queue_art, request_of, wait_for_status
from tests.support.waiting import wait_for
from tests.worker.conftest import Service
from worker.engine import STALE_EXIT_CODE
from worker.heartbeat import STUCK_EXIT_CODE

StartService = Callable[..., Service]

LEAVE_SECONDS = 60.0
_LOGGED = re.compile(r"\d{4}-\d\d-\d\d \S+ [A-Z]+ [\w.]+ \S")  # when, how grave, who, what


def test_terminated_worker_finishes_what_it_has_and_takes_nothing_new(
    start_service: StartService, tmp_path: Path
) -> None:
    service, journal = start_service(), tmp_path / "journal"
    table = service.table
    at_work = queue_art(table, "batched", steps=100, ms=10, name="first", journal=journal)
    wait_for(lambda: executions(journal), 30, "it has begun")

    service.worker.signal(signal.SIGTERM)
    wait_for(lambda: "draining, 1 job in" in service.worker.log_path.read_text(), 30, "it drains")
    waiting = queue_art(table, "batched", name="waiting", journal=journal)

    assert service.worker.wait(LEAVE_SECONDS) == 0
    assert (table.job(at_work).status, table.job(waiting).status) == ("succeeded", "queued")
    assert executions(journal) == ["first"]
    assert table.survey().workers == ()
    lines = service.worker.log_path.read_text().splitlines()
    assert [line for line in lines if not _LOGGED.match(line)] == []


def test_terminated_worker_hands_back_what_takes_too_long(
    start_service: StartService, tmp_path: Path
) -> None:
    service, journal = start_service(drain_seconds=0.4), tmp_path / "journal"
    ids = [queue_art(service.table, steps=10_000, ms=20, journal=journal) for _ in range(3)]
    wait_for(lambda: len(executions(journal)) == 3, 30, "they have begun")

    service.worker.signal(signal.SIGTERM)

    assert service.worker.wait(LEAVE_SECONDS) == 0  # the jobs would take minutes
    for job_id in ids:
        assert service.table.job(job_id).status == "queued"
        assert service.table.redis.hget(f"genart:job:{job_id}", "strikes") == b"0"


def test_terminated_worker_hands_back_a_step_that_does_not_end(
    start_service: StartService,
) -> None:
    service = start_service(drain_seconds=0.4)
    job_id = queue_art(service.table, "stuck")
    wait_for_status(service.table, job_id, "running")

    service.worker.signal(signal.SIGTERM)

    assert service.worker.wait(LEAVE_SECONDS) == 0
    assert service.table.job(job_id).status == "queued"


def test_watchdog_gives_up_a_stuck_process(start_service: StartService) -> None:
    service = start_service(step_timeout_seconds=1)
    wait_for_status(service.table, queue_art(service.table), "succeeded")
    job_id = queue_art(service.table, "stuck")
    wait_for_status(service.table, job_id, "running")

    assert service.worker.wait(LEAVE_SECONDS) == STUCK_EXIT_CODE
    assert service.table.job(job_id).status == "running"  # until its supervisor or a reaper acts


def test_worker_of_an_earlier_life_leaves_the_line_alone(start_service: StartService) -> None:
    service = start_service(slot="s1")
    service.table.open_slot("s1")

    job_id = queue_art(service.table)

    assert service.worker.wait(LEAVE_SECONDS) == STALE_EXIT_CODE
    assert service.table.job(job_id).status == "queued"


def test_outage_of_redis_is_ridden_out_in_mid_job(
    start_service: StartService, tmp_path: Path
) -> None:
    service, journal = start_service(), tmp_path / "journal"
    table = service.table
    running = queue_art(table, steps=150, ms=10, name="running", journal=journal)
    wait_for(lambda: executions(journal), 30, "it has begun")
    waiting = queue_art(table, group="g", name="waiting", journal=journal)

    service.valkey.kill()
    wait_for(lambda: executions(journal, "finished"), 30, "it finished meanwhile")
    service.valkey.start()

    for job_id in (running, waiting):
        wait_for_status(table, job_id, "succeeded")
        (output,) = table.job(job_id).outputs
        whole = b"".join(service.blobs.read(output.path)).decode()
        assert whole == verse(request_of(table, job_id))
    assert executions(journal) == ["running", "waiting"]
    assert service.worker.process.poll() is None


def test_worker_hears_again_soon_after_a_long_outage(start_service: StartService) -> None:
    service = start_service()
    service.valkey.kill()
    wait_for(lambda: tries_to_reconnect(service) >= 4, 30, "it tries again and again")

    service.valkey.start()

    # Left to itself, Celery would wait 8 s for the next try, and longer each time.
    wait_for_status(service.table, queue_art(service.table), "succeeded", seconds=6)


def tries_to_reconnect(service: Service) -> int:
    return service.worker.log_path.read_text().count("Trying again")
