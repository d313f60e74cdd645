from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from genart_core.jobs.eta import estimate
from genart_core.jobs.record import Job, Pace, Placed, decode_job
from tests.support.table import Table

times = st.floats(min_value=0.001, max_value=1e6)
paces = st.tuples(times, times, times, times).map(
    lambda t: Pace(min(t[:2]), max(t[:2]), min(t[2:]), max(t[2:]))
)


def job_with(status: str = "queued", cost: float = 1.0, started_at: int = 0) -> Job:
    return decode_job(
        {
            b"request": b"{}",
            b"status": status.encode(),
            b"cost": str(cost).encode(),
            b"started_at": str(started_at).encode(),
        }
    )


placed_jobs = st.builds(
    Placed,
    job=st.builds(job_with, cost=times),
    position=st.integers(0, 10_000),
    live_workers=st.integers(0, 100),
    now=st.just(0),
    pace=paces,
)


@given(placed_jobs)
def test_estimate_is_an_interval_in_the_future(placed: Placed) -> None:
    eta = estimate(placed)

    assert eta is not None
    assert 0 <= eta.low <= eta.high


@given(placed_jobs, st.integers(1, 1000))
def test_more_jobs_before_it_never_make_it_sooner(placed: Placed, more: int) -> None:
    assert placed.position is not None
    near, far = estimate(placed), estimate(replace(placed, position=placed.position + more))

    assert near is not None
    assert far is not None
    assert (near.low, near.high) <= (far.low, far.high)


@given(placed_jobs, st.integers(1, 1000))
def test_more_workers_never_make_it_later(placed: Placed, more: int) -> None:
    few = estimate(placed)
    many = estimate(replace(placed, live_workers=placed.live_workers + more))

    assert few is not None
    assert many is not None
    assert (many.low, many.high) <= (few.low, few.high)


@given(paces, times, st.integers(0, 10**9))
def test_running_job_is_the_nearer_the_longer_it_runs(pace: Pace, cost: float, passed: int) -> None:
    at_work = Placed(job_with("running", cost), None, 1, 0, pace)

    before, later = estimate(at_work), estimate(replace(at_work, now=passed))

    assert before is not None
    assert later is not None
    assert (later.low, later.high) <= (before.low, before.high)


def test_nothing_is_promised_before_anything_was_measured(table: Table) -> None:
    placed = table.enter().placed

    assert placed is not None
    assert estimate(placed) is None


def test_ended_job_has_no_estimate() -> None:
    assert estimate(Placed(job_with("succeeded"), None, 1, 0, Pace(1.0, 1.0, 1.0, 1.0))) is None


def test_pace_lies_within_the_measured_runs(table: Table) -> None:
    shares = [5.0, 1.0, 9.0, 3.0, 7.0]
    for share_ms in shares:
        table.commit(table.running(cost=10.0), share_ms=share_ms)
    placed = table.look_up(table.queue()).placed

    assert placed is not None
    assert placed.pace is not None
    assert (placed.pace.share_low, placed.pace.share_high) == (1.0, 9.0)
    assert 0 <= placed.pace.unit_low <= placed.pace.unit_high


def test_failed_runs_are_not_measured(table: Table) -> None:
    table.fail(table.running())

    placed = table.look_up(table.queue()).placed

    assert placed is not None
    assert placed.pace is None


def test_kinds_have_their_own_pace(table: Table) -> None:
    table.commit(table.running(kind="text"))

    placed = table.look_up(table.queue(kind="dream")).placed

    assert placed is not None
    assert placed.pace is None
