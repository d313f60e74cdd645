"""A short attack on a service of its own: whatever it is sent, it withstands."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.borders.case import Target, number_of
from benchmarks.borders.damage import DAMAGES
from benchmarks.borders.run import ATTACKS

ROOT = Path(__file__).parents[2]
TARGET = Target(
    port=1,
    job="0" * 26,
    sha256="0" * 64,
    kinds={"text": {"length": 1}, "dream": {"image": f"asset:{'0' * 64}"}},
)


@pytest.fixture(scope="module")
def printed() -> str:
    command = [sys.executable, "-m", "benchmarks.borders", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=115)
    assert done.returncode in (0, 1), done.stderr  # 1: a good request was late on a busy machine
    return done.stdout


def test_every_bad_request_is_refused_in_form_and_nothing_faults(printed: str) -> None:
    rows = re.findall(r"^\| (\S.*?) +\| (\d+) +\| (\d.*?) +\| (\d+) +\|$", printed, re.M)

    assert "BREACH" not in printed
    assert {name for name, *_ in rows} == {*ATTACKS, *(f"picture: {name}" for name in DAMAGES)}
    assert all(int(sent) > 0 and breaches == "0" for _, sent, _, breaches in rows)


def test_nothing_grows_or_restarts_and_slow_peers_are_let_go(printed: str) -> None:
    for name in ("memory of the gateway", "memory of the worker", "restarts", "slow: no word"):
        assert re.search(rf"^\| {name} .*\| pass \|$", printed, re.M), printed


@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_are_the_same_for_the_same_seed(name: str) -> None:
    def cases(seed: int) -> list[tuple[bytes, ...]]:
        return [ATTACKS[name](number_of(seed, name, i), TARGET).pieces for i in range(20)]

    assert cases(1) == cases(1)
    assert cases(1) != cases(2)


@pytest.mark.parametrize("name", DAMAGES)
def test_damage_is_the_same_for_the_same_seed(name: str) -> None:
    def files(seed: int) -> list[bytes]:
        return [DAMAGES[name](number_of(seed, name, i)) for i in range(10)]

    assert files(1) == files(1)
    assert files(1) != files(2)
