"""No child outlives its supervisor, however that ends."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cli.supervising import leash
from tests.cli.journal import Journal
from tests.cli.processes import children_of, is_alive
from tests.support.waiting import wait_for

GUARD = """
import os, sys
from cli.supervising.leash import guard
sys.exit(guard(os.getppid(), sys.argv[1:]))
"""

PARENT = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", *sys.argv[1:]], start_new_session=True)
time.sleep(600)
"""


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    (tmp_path / "journal").touch()
    return Journal(tmp_path / "journal")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_killed_supervisor_leaves_no_child(journal: Journal, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.cli.supervise", str(tmp_path), str(journal.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == "ready\n"
        children = children_of(supervisor.pid)
        assert len(children) == 2
        assert journal.lives("worker")[0][0] in children

        supervisor.kill()

    wait_for(lambda: not any(map(is_alive, children)), 30, "the children are gone")


def test_a_child_whose_parent_has_just_died_does_not_start(tmp_path: Path) -> None:
    made = tmp_path / "made"
    command = [sys.executable, leash.__file__, "1", "/usr/bin/touch", str(made)]

    assert subprocess.run(command, check=False).returncode == 1
    assert not made.exists()


def test_the_guard_kills_its_program_with_the_parent(journal: Journal) -> None:
    program = journal.child("worker", "stubborn").command
    with subprocess.Popen([sys.executable, "-c", PARENT, GUARD, *program]) as parent:
        wait_for(lambda: journal.lives("worker"), 30, "the program runs")
        parent.kill()
    (pid, _), *_ = journal.lives("worker")

    wait_for(lambda: not is_alive(pid), 30, "the program is gone")


def test_the_guard_returns_the_exit_code_of_its_program(journal: Journal) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", GUARD, *journal.child("worker", "sick").command], check=False
    )
    program = [sys.executable, "-c", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"]
    killed = subprocess.run([sys.executable, "-c", GUARD, *program], check=False)

    assert (ended.returncode, killed.returncode) == (3, 128 + signal.SIGKILL)
