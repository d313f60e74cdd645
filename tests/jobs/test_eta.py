from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from genart_core.jobs.eta import Eta, estimate
from genart_core.jobs.record import Foreseen, Job, Placed, decode_job

times = st.integers(0, 10**7)
foreseen = st.tuples(times, times).map(lambda pair: Foreseen(min(pair), max(pair)))


def job_with(status: str = "queued") -> Job:
    facts = {"request": "{}", "status": status}
    return decode_job({name.encode(): str(value).encode() for name, value in facts.items()})


@given(foreseen, times, st.sampled_from(["queued", "running"]))
def test_estimate_is_what_is_foreseen_in_seconds(told: Foreseen, now: int, status: str) -> None:
    eta = estimate(Placed(job_with(status), 0, now, told))

    assert eta == Eta(told.low / 1000, told.high / 1000)


def test_what_was_not_foreseen_is_not_told() -> None:
    assert estimate(Placed(job_with(), 0, 0, None)) is None


def test_ended_job_has_no_estimate() -> None:
    placed = Placed(job_with(), 0, 0, Foreseen(1, 1))

    assert estimate(replace(placed, job=job_with("succeeded"))) is None
