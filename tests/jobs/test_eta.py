from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from genart_core.jobs.eta import estimate
from genart_core.jobs.record import Foreseen, Job, Placed, decode_job

times = st.integers(0, 10**7)
foreseen = st.tuples(times, times).map(lambda pair: Foreseen(min(pair), max(pair)))


def job_with(status: str = "queued", step: int = 0, total: int = 0) -> Job:
    facts = {"request": "{}", "status": status, "step": step, "total": total}
    return decode_job({name.encode(): str(value).encode() for name, value in facts.items()})


def at_work(told: Foreseen, passed: int, step: int = 0, total: int = 0) -> Placed:
    return Placed(job_with("running", step, total), None, passed, told)


@given(foreseen, times, st.sampled_from(["queued", "running"]), st.integers(0, 9))
def test_estimate_is_an_interval_in_the_future(
    told: Foreseen, passed: int, status: str, step: int
) -> None:
    eta = estimate(Placed(job_with(status, step, total=9), 0, passed, told))

    assert eta is not None
    assert 0 <= eta.low <= eta.high


@given(foreseen, times, times, st.integers(0, 9), st.integers(0, 9))
def test_running_job_is_the_nearer_the_longer_it_runs_and_the_more_is_done(
    told: Foreseen, passed: int, more: int, step: int, steps: int
) -> None:
    before = estimate(at_work(told, passed, step, total=9))
    later = estimate(at_work(told, passed + more, min(step + steps, 9), total=9))

    assert before is not None
    assert later is not None
    assert later.low <= before.low
    assert later.high <= before.high


def test_interval_shrinks_to_nothing_as_the_steps_are_done() -> None:
    told = Foreseen(8_000, 12_000)
    widths = []
    for step in range(11):
        eta = estimate(at_work(told, 1_000 * step, step, total=10))
        assert eta is not None
        widths.append(eta.high - eta.low)

    assert widths[-1] < widths[0] / 2
    assert max(widths) == max(widths[:3])


def test_job_past_its_time_is_not_said_to_be_done() -> None:
    eta = estimate(at_work(Foreseen(1_000, 2_000), 60_000))

    assert eta is not None
    assert eta.low == 0
    assert eta.high > 0


def test_steps_that_are_left_keep_the_end_away() -> None:
    eta = estimate(at_work(Foreseen(1_000, 2_000), 60_000, step=1, total=4))

    assert eta is not None
    assert eta.high == 1.5


def test_what_was_not_foreseen_is_not_told() -> None:
    assert estimate(Placed(job_with(), 0, 0, None)) is None


def test_ended_job_has_no_estimate() -> None:
    placed = Placed(job_with(), 0, 0, Foreseen(1, 1))

    assert estimate(replace(placed, job=job_with("succeeded"))) is None
