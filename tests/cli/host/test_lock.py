"""One supervisor per home folder."""

import fcntl
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from cli.errors import CommandError, HomeInUseError
from cli.host.lock import hold, hold_number, noted_slots
from tests.support.waiting import wait_for

HOLDER = """
import sys, time
from pathlib import Path
from cli.host.lock import hold
with hold(Path(sys.argv[1])) as note:
    note("http://127.0.0.1:1234")
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_second_supervisor_learns_who_holds_the_home(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"

        with pytest.raises(HomeInUseError) as refused, hold(tmp_path):
            pass

        assert f"process {first.pid}, http://127.0.0.1:1234" in str(refused.value)
        first.kill()
    wait_for(lambda: can_hold(tmp_path), 30, "the lock ends with its process, even by SIGKILL")


def test_who_comes_while_a_guest_has_the_home_waits_for_it(tmp_path: Path) -> None:
    inside, leave = threading.Event(), threading.Event()

    def visit() -> None:
        with hold(tmp_path):  # as `genart keys` does, which serves nothing
            inside.set()
            leave.wait(10)

    guest = threading.Thread(target=visit)
    guest.start()
    assert inside.wait(10)
    with pytest.raises(HomeInUseError), hold(tmp_path, guests=0.2):
        pass
    threading.Timer(0.3, leave.set).start()

    with hold(tmp_path, guests=10):
        pass

    guest.join()


def test_a_home_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with (
        pytest.raises(CommandError, match="GENART_HOME=.*file can't be used"),
        hold(tmp_path / "file"),
    ):
        pass


def test_supervisors_of_workers_share_a_home_under_different_numbers(tmp_path: Path) -> None:
    with hold(tmp_path), hold_number(tmp_path) as first, hold_number(tmp_path) as second:
        assert (first.number, second.number) == (0, 1)
    with hold_number(tmp_path) as again:
        assert again.number == 0


def test_slots_are_known_as_long_as_their_holder_lives(tmp_path: Path) -> None:
    with hold(tmp_path) as up, hold_number(tmp_path) as worker:
        up("http://127.0.0.1:1234", slots=["a-up-0"])
        worker.note(slots=["a-0-0", "a-0-1"])
        assert [*noted_slots(tmp_path)] == ["a-up-0", "a-0-0", "a-0-1"]

    (tmp_path / "worker-0.lock").write_text('{"pid": 1, "slots": ["a-0-0"]}')  # it was killed
    assert [*noted_slots(tmp_path)] == []
    assert can_hold(tmp_path), "looking leaves no lock behind"


def test_who_only_looks_keeps_nobody_from_holding(tmp_path: Path) -> None:
    with (tmp_path / "up.lock").open("a+") as glance:
        fcntl.flock(glance, fcntl.LOCK_SH)
        timer = threading.Timer(0.03, fcntl.flock, (glance, fcntl.LOCK_UN))
        timer.start()
        assert can_hold(tmp_path)
        timer.join()


def can_hold(home: Path) -> bool:
    try:
        with hold(home):
            return True
    except HomeInUseError:
        return False
