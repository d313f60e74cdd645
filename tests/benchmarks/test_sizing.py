"""What the sizing carries on from its readings."""

import re

from benchmarks.rig.crowd import Crowd
from benchmarks.sizing import Reading, Rest, _carried

ZERO = Reading(*[0.0] * 9)


def reading(**figures: float) -> Reading:
    return Reading(**{**{name: getattr(ZERO, name) for name in Reading.__slots__}, **figures})


def test_a_jobs_share_is_the_difference_by_the_number_of_jobs() -> None:
    before, after = reading(memory=1000, cpu_us=500), reading(memory=3000, cpu_us=1500)

    assert (after - before).per(10) == reading(memory=200, cpu_us=100)


def test_a_second_is_made_of_the_calls_that_fall_into_it() -> None:
    crowd = Crowd(sweep=10, announcement=20, renewal=1, progress=100, token=1000)

    assert crowd.idle_second == 10 + 20 / 2
    assert crowd.running_second == 4 * 1 + 5 * 100
    assert crowd.streaming_second == 4 * 1 + 20 * 1000


def test_a_thousand_workers_are_carried_on_from_one() -> None:
    found = {"queued": reading(memory=5000, cpu_us=200), "made": reading(memory=2000, cpu_us=300)}
    crowd = Crowd(sweep=40, announcement=20, renewal=10, progress=100, token=248)

    carried = _carried(found, Rest(2, 3, ZERO, crowd))

    told = dict(re.findall(r"^\| (.+?) +\| (.+?) +\|$", carried, re.M))

    assert told["such jobs a second, at half of Redis' one core"] == "1000 /s"
    assert told["texts streamed at once, at half of its core"] == "100"
    assert told["1,000 workers with nothing to do, of its core"] == "5.0%"
    assert told["connections of 1,000 workers and 20 gateways"] == "3040"
    assert told["memory for a day of 100 such jobs/s"] == "60 GB"
