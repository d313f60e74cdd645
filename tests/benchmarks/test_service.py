"""The service's benchmark at a tiny size: that it measures, not what it measures."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FIGURES = (
    "POST -> 202, gateway CPU per job",
    "submit -> done, p50, 1 client",
    "jobs/s, 32 clients",
    "gateway memory after all of it",
)


@pytest.fixture(scope="module")
def printed() -> str:
    command = [sys.executable, "-m", "benchmarks.service", "--rounds", "1", "--seconds", "0.2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode in (0, 1), done.stderr  # 1: a bar is missed, which so short a run may
    return done.stdout


def test_every_figure_stands_beside_its_yardstick(printed: str) -> None:
    for figure in FIGURES:
        assert re.search(rf"^\| {re.escape(figure)} .*\d.*\| (pass|FAIL) +\|$", printed, re.M)


def test_every_accepted_job_was_done_exactly_once(printed: str) -> None:
    accounts = re.findall(r"^(.+): (\d+) accepted, (\d+) done, (\d+) outputs$", printed, re.M)

    assert {name for name, *_ in accounts} == {"ours", "plain Celery"}
    for _, accepted, done, outputs in accounts:
        assert int(accepted) > 100
        assert accepted == done == outputs
    assert "FAULT" not in printed
