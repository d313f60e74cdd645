"""The parts of the ETA's benchmark: what it sends is valid, and misses are misses."""

from random import Random

import pytest

from benchmarks.eta import Fate, Tally, Told, judged
from benchmarks.noop import KINDS as EXTRA
from benchmarks.rig.mix import CLIENTS, body_of, pictures
from genart_core.catalogue import KINDS

KNOWN = {kind.name: kind for kind in (*KINDS, *EXTRA)}


def fate(low: float, high: float, ended: float) -> Fate:
    made = Fate("noop", is_counted=True, ended=ended)
    made.note("at submit", 100.0, {"low": low, "high": high})
    return made


def test_every_kind_is_sent_with_a_body_that_is_valid() -> None:
    random = Random(1)
    images, sent = pictures(random), set()
    for number in range(400):
        kind, body = body_of(random, CLIENTS[number % len(CLIENTS)], images)
        KNOWN[kind].request.model_validate(body)
        sent.add(kind)

    assert sent == set(KNOWN) - {"busy"}


def test_the_same_seed_sends_the_same() -> None:
    images = pictures(Random(1))

    assert images == pictures(Random(1))
    assert body_of(Random(2), CLIENTS[0], images) == body_of(Random(2), CLIENTS[0], images)


@pytest.mark.parametrize(
    ("ended", "inside", "early", "late"),
    [(100.9, 0, 1, 0), (101.0, 1, 0, 0), (102.0, 1, 0, 0), (102.1, 0, 0, 1)],
)
def test_ends_are_judged_by_the_interval(ended: float, inside: int, early: int, late: int) -> None:
    tally = judged([fate(1.0, 2.0, ended)])

    assert (tally.inside, tally.early, tally.late) == (inside, early, late)
    assert tally.widths == [pytest.approx(1.0 / (ended - 100.0))]


def test_one_miss_in_ten_is_allowed() -> None:
    assert judged([fate(1.0, 2.0, 101.5)] * 9 + [fate(1.0, 2.0, 103.0)]).is_met
    assert not judged([fate(1.0, 2.0, 101.5)] * 8 + [fate(1.0, 2.0, 103.0)]).is_met


def test_stages_are_judged_apart_and_what_was_not_told_is_counted() -> None:
    made = fate(1.0, 2.0, 101.5)
    made.note("while waiting", 101.0, None)
    made.told.append(Told("while being made", 101.0, 101.1, 101.2))

    assert judged([made]).inside == 1
    assert judged([made], stages=("while being made",)).late == 1
    assert made.untold == 1
    assert Tally().row("none", is_judged=True)[1] == "0"
