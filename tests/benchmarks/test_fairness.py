"""The benchmark of fairness at a tiny size: that it measures, not what it measures."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_turns_and_waits_are_measured_beside_what_is_due() -> None:
    command = [sys.executable, "-m", "benchmarks.fairness", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110)

    assert done.returncode in (0, 1), done.stderr  # 1: a bar is missed, which so short a run may
    turns = re.findall(r"^\| [124] +\| 30 +\| (\d+) .*\| (?:pass|FAIL) +\|$", done.stdout, re.M)
    assert sum(map(int, turns)) == 49
    assert int(turns[0]) < int(turns[1]) < int(turns[2])
    waits = r"^\| (4 of them alone|beside 50 of another \(\d+ left at the end\)) +\| \d+ +\| \d+ ms"
    assert len(re.findall(waits, done.stdout, re.M)) == 2
