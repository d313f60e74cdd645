"""The side thread that keeps leases, against a real job table."""

from collections.abc import Iterator

import pytest
from redis import Redis

from genart_core.catalogue import find_kind
from genart_core.jobs.record import Job
from tests.support.table import Table
from tests.support.waiting import wait_for
from tests.worker.conftest import MakeEngine, let_go
from worker.engine import Engine
from worker.lease import INTERVAL_SECONDS, LeaseKeeper
from worker.run import ActiveRun

SHORT_MS = 1000


@pytest.fixture
def keeper(redis: Redis) -> Iterator[LeaseKeeper]:
    keeper = LeaseKeeper(redis, SHORT_MS)
    yield keeper
    let_go(keeper)


def lease_of(table: Table, job: Job) -> float:
    """Return for how many milliseconds a job is still leased."""
    return (table.redis.zscore("genart:leases", job.id) or 0.0) - table.now()


def test_lease_is_kept_longer_than_it_lasts(table: Table, keeper: LeaseKeeper) -> None:
    job = table.running()
    keeper.hold(job)
    started = table.now()

    wait_for(lambda: table.now() > started + 2 * SHORT_MS, 30, "two leases would be over")

    assert lease_of(table, job) > 0


def test_released_lease_runs_out(table: Table, keeper: LeaseKeeper) -> None:
    job = table.running()
    keeper.hold(job)
    wait_for(lambda: lease_of(table, job) <= SHORT_MS, 30, "it was renewed")

    keeper.release(job)

    wait_for(lambda: lease_of(table, job) <= 0, 30, "the lease is over")


def test_keeper_holds_the_latest_claim_when_an_earlier_one_is_released(
    table: Table, keeper: LeaseKeeper
) -> None:
    stale = table.running()
    keeper.hold(stale)
    table.open_slot("s1")
    again = table.take("s2")
    keeper.hold(again)

    keeper.release(stale)

    assert keeper.jobs == [again]


def test_keeper_goes_on_after_redis_refused(table: Table, keeper: LeaseKeeper) -> None:
    job = table.running()
    keeper.hold(job)
    table.redis.rename("genart:leases", "genart:aside")
    table.redis.set("genart:leases", "no sorted set")
    wait_for(lambda: refusals(table) > 1, 30, "renewals were refused")

    table.redis.rename("genart:aside", "genart:leases")

    wait_for(lambda: lease_of(table, job) > 0, 30, "it is renewed again")


def refusals(table: Table) -> int:
    errors: dict[str, dict[str, int]] = table.redis.info("errorstats")
    return errors.get("errorstat_WRONGTYPE", {}).get("count", 0)


@pytest.mark.parametrize(
    ("ending", "status"), [("cancel", "canceled"), ("delete", "missing"), ("late", "expired")]
)
def test_run_is_stopped_within_half_a_second(
    table: Table,
    make_engine: MakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    ending: str,
    status: str,
) -> None:
    engine = make_engine()
    run = begin(engine, table.allowing(deadline_ms=200 if ending == "late" else 0))
    renewals = stops_after_renewals(engine.keeper, run, monkeypatch)
    if ending == "late":
        wait_for(lambda: table.now() > run.job.deadline_at, 30, "its deadline is past")
    else:
        getattr(table, ending)(run.job.id)
    before = len(renewals)  # one may be under way

    wait_for(lambda: run.stopped, 30, "the run is stopped")

    # told at the second one at the latest: in half a second, if the machine has time for us
    assert 2 * INTERVAL_SECONDS <= 0.5
    assert any(renewals[before : before + 2])
    engine.ledger.wait()
    found = table.look_up(run.job.id)
    assert (found.placed.job.status if found.placed else found.state) == status


def stops_after_renewals(
    keeper: LeaseKeeper, run: ActiveRun, monkeypatch: pytest.MonkeyPatch
) -> list[bool]:
    """Note from now on, after each renewal, whether the run has been asked to stop."""
    stops: list[bool] = []
    renew = keeper._renew

    def noting() -> None:
        renew()
        stops.append(run.was_stopped)

    monkeypatch.setattr(keeper, "_renew", noting)
    return stops


def begin(engine: Engine, table: Table) -> ActiveRun:
    """Submit a job, claim it with the engine, and return its run."""
    table.queue(kind="steps", request='{"seed": 1}')
    return engine.open_runs(find_kind("steps"), engine.claim(1))[0]
