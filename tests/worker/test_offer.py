"""The memory that a worker says a job will find."""

from tests.support.requests import queue_art
from tests.support.table import Table
from tests.worker.conftest import MakeEngine, Service
from worker.announcement import Offer


def test_memory_is_measured_while_no_job_takes_any(table: Table, make_engine: MakeEngine) -> None:
    engine = make_engine()
    seen = iter([100, 90, 80])
    offer = Offer(engine, lambda device: next(seen))
    assert offer.bytes() == 90

    queue_art(table)
    (job,) = engine.claim(1)
    assert offer.bytes() == 90

    engine.keeper.release(job)
    assert offer.bytes() == 80


def test_worker_on_a_cpu_says_what_is_available(service: Service) -> None:
    (worker,) = service.table.survey().workers

    assert 10**6 < worker["free_memory"] < 10**15
