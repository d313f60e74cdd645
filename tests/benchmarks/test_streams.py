"""The benchmark of event streams at a tiny size: that it measures, not what it measures."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FIGURES = ("memory per stream", "CPU at rest", "submit -> 202, p50")


def test_streams_are_held_open_and_go_on_at_another_gateway() -> None:
    size = ["--streams", "20", "--rounds", "5", "--rest", "0.2", "--sample", "2"]
    command = [sys.executable, "-m", "benchmarks.streams", *size]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110)

    assert done.returncode in (0, 1), done.stderr  # 1: a bar is missed, which so short a run may
    assert re.search(r"^\| streams open +\| 0 +\| 20 .*\| pass +\|$", done.stdout, re.M)
    for figure in FIGURES:
        assert re.search(rf"^\| {re.escape(figure)} .*\d.*\| (pass|FAIL) +\|$", done.stdout, re.M)
    assert "2 of 2 readers had the whole state after the gateway was replaced" in done.stdout
