"""`genart bench`: how fast each art is made here."""

import json
import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from cli.commands import bench
from cli.errors import JobFailedError
from cli.making.local import LocalBench
from cli.making.rates import Probe, Prober, probes
from genart_core.catalogue import KINDS, find_kind, kinds
from tests.cli.calling import Run, caller

STEPS = Probe("steps", "steps", {"steps": 8}, lambda steps: steps, together=2)


@pytest.fixture
def prober(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Prober]:
    """Measures by a clock that ticks once a look, on as many threads as are asked for."""
    monkeypatch.setenv("GENART_EXTRA_ARTS", "tests.support.arts")
    kinds.cache_clear()
    ticks = count()
    yield Prober(LocalBench("cpu", tmp_path, None), lambda wish: wish, lambda: float(next(ticks)))
    kinds.cache_clear()


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    settings = {"HOME": str(tmp_path), "DEVICE": "cpu", "EXTRA_ARTS": "tests.support.arts"}
    return caller(capsys, **{f"GENART_{name}": value for name, value in settings.items()})


def test_units_of_all_runs_count(prober: Prober) -> None:
    rate = prober.measure(STEPS, seconds=10.0)

    # a round takes one tick, and each look at whether the time is over another two
    assert (rate.rate, rate.slowest, rate.fastest) == (16.0, 16.0, 16.0)
    assert (rate.rounds, rate.together) == (4, 2)
    assert rate.threads == find_kind("steps").threads


def test_what_is_not_made_is_not_measured(prober: Prober) -> None:
    unknown = Probe("gan-sample", "pictures", {"class": "unicorn"}, lambda _: 1)

    with pytest.raises(JobFailedError, match="gan-sample: Unknown class 'unicorn'"):
        prober.measure(unknown, 1.0)


def test_every_art_is_measured_by_a_request_that_it_takes() -> None:
    inputs: dict[str, bytes] = {}
    found = list(probes(inputs))

    assert {find_kind(probe.kind).art for probe in found} == {kind.art for kind in KINDS}
    for probe in found:
        request = find_kind(probe.kind).request.model_validate({**probe.request, "seed": 1})
        wanted = [getattr(request, name, None) for name in ("image", "content")]
        assert all(reference in inputs for reference in wanted if reference is not None)


def test_rates_are_printed_as_a_table_and_as_json(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "probes", lambda inputs: [STEPS])

    table, told = run("bench", "--seconds", "0"), run("bench", "--seconds", "0", "--json")

    assert (table.code, told.code) == (0, 0), told.stderr
    assert re.search(r"^steps +\d\S* +\(\S+\) +2 +\d+ +steps", table.stdout, re.M)
    facts = json.loads(told.stdout)
    assert facts["device"] == "cpu"
    assert facts["dtype"] in ("float32", "bfloat16")
    (rate,) = facts["rates"]
    assert rate["slowest"] <= rate["rate"] <= rate["fastest"]
    assert (rate["kind"], rate["together"], rate["rounds"]) == ("steps", 2, 1)
