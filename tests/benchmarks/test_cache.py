"""The benchmark of the result cache at a tiny size: that it measures, not what it measures."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_answers_from_the_cache_are_measured_and_are_what_they_should_be() -> None:
    command = [sys.executable, "-m", "benchmarks.cache", "--hits", "20"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)

    assert done.returncode in (0, 1), done.stderr  # 1: a bar is missed, which a busy machine may
    assert re.search(r"^\| from the cache .*\d ms .*\| (pass|FAIL) +\|$", done.stdout, re.M)
    assert "20 answers from the cache, 11 jobs made, 11 files" in done.stdout
    assert "FAULT" not in done.stdout
