"""In what pages the tensors of a worker lie."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SWITCH = Path("/sys/kernel/mm/transparent_hugepage/enabled")
SIZE = 64_000_000
PROGRAM = f"""
import pathlib, sys
from genart_core.catalogue import load_generator
load_generator(sys.argv[1])
import torch
kept = torch.ones({SIZE // 4})
print(pathlib.Path("/proc/self/smaps_rollup").read_text())
"""


@pytest.mark.parametrize("kind", ["style", "gan-sample"])
@pytest.mark.skipif(
    not SWITCH.exists() or "[never]" in SWITCH.read_text(), reason="the system gives no huge pages"
)
def test_large_tensors_of_an_art_lie_in_huge_pages(kind: str) -> None:
    command = [sys.executable, "-c", PROGRAM, kind]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)

    (found,) = re.findall(r"^AnonHugePages: +(\d+) kB", done.stdout, re.M)
    assert int(found) * 1024 > 0.9 * SIZE
