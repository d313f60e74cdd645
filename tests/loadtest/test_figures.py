"""Percentiles, fairness and goodput."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtest.api import Ask
from loadtest.figures import Window, jain, percentile
from loadtest.oracle import Accepted

amounts = st.lists(st.floats(0.01, 1e6), min_size=1, max_size=20)


@given(amounts, st.floats(0.01, 1.0))
def test_percentile_is_a_value_that_so_many_do_not_exceed(values: list[float], q: float) -> None:
    found = percentile(values, q)

    assert found in values
    assert sum(value <= found for value in values) >= q * len(values) - 1e-9


def test_percentile_of_nothing_is_no_number() -> None:
    assert math.isnan(percentile([], 0.5))


@given(amounts)
def test_fairness_lies_between_one_takes_all_and_all_the_same(values: list[float]) -> None:
    assert 1 / len(values) - 1e-9 <= jain(values) <= 1 + 1e-9


@pytest.mark.parametrize(
    ("values", "index"), [([3, 3, 3], 1.0), ([5, 0, 0], 1 / 3), ([1, 2, 3], 36 / 42)]
)
def test_fairness_of_known_shares(values: list[float], index: float) -> None:
    assert jain(values) == pytest.approx(index)


def ended(created: float, finished: float, *faults: str) -> Accepted:
    times = {"created_at": created, "finished_at": finished}
    job = {name: datetime.fromtimestamp(at, UTC).isoformat() for name, at in times.items()}
    return Accepted("id", Ask("text", "{}"), "mark", "", "group", job, list(faults))


def test_goodput_counts_what_ended_well_and_soon_enough_within_the_window() -> None:
    accepted = [
        ended(100, 101.5),  # before the ramp is over
        ended(100, 103),
        ended(101, 104, "wrong bytes"),
        ended(101, 109),  # too late to be of use
        ended(109, 110),
        ended(110, 112),  # behind the window
    ]

    window = Window.of(accepted, 2.0)

    assert (window.begin, window.end) == (102, 110)
    assert window.goodput(accepted, 5.0) == pytest.approx(2 / 8)
