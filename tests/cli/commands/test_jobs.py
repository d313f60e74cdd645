"""`genart jobs` against a service that runs, whole."""

import json
import signal
import sys
from pathlib import Path

import pytest

from tests.cli.asking import started, status_of, steps_done
from tests.cli.calling import Run
from tests.support.arts import StepsRequest, verse
from tests.support.up import GenartUp
from tests.support.waiting import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

UNKNOWN = "0" * 26


def submitted(run: Run, *words: str) -> str:
    """Return the id of a job that is on its way."""
    done = run("run", "steps", "--detach", *words)
    assert done.code == 0, done.stderr
    return done.stdout.strip()


def test_jobs_are_listed_by_what_they_have_in_common(run: Run) -> None:
    ours = [submitted(run, "--tag", "listed", "--seed", str(n)) for n in range(3)]
    submitted(run)

    listed = run("jobs", "list", "--tag", "listed", "--kind", "steps", "--json").stdout
    table = run("jobs", "list", "--tag", "listed", "--limit", "2", COLUMNS="200").stdout

    assert [json.loads(line)["id"] for line in listed.splitlines()] == ours[::-1]
    assert [line.split()[0] for line in table.splitlines()[1:]] == ours[:0:-1]
    assert [line.split()[-3:] for line in table.splitlines()[1:]] == [["s", "ago", "listed"]] * 2
    assert run("jobs", "list", "--tag", "listed", "--status", "failed", "--json").stdout == ""


def test_a_job_is_shown_whole(run: Run) -> None:
    job_id = submitted(run, "--seed", "11")

    assert json.loads(run("jobs", "show", job_id).stdout)["request"]["seed"] == 11


def test_a_job_is_followed_to_its_files(run: Run, tmp_path: Path) -> None:
    job_id = submitted(run, "--seed", "12", "--steps", "20", "--ms", "20")
    done = run("jobs", "follow", job_id)

    assert (done.code, done.stdout) == (0, f"{verse(StepsRequest(steps=20, seed=12))}\n")
    assert (tmp_path / f"steps-{job_id}-0.txt").read_text() == done.stdout.strip()


def test_who_stops_following_leaves_the_job_alone(service: GenartUp, run: Run, home: Path) -> None:
    home.mkdir()
    job_id = submitted(run, "--steps", "600", "--ms", "50")
    with started(service, "jobs", "follow", job_id, folder=home) as command:
        assert command.stdout is not None
        assert command.stdout.read(1)
        command.send_signal(signal.SIGINT)
        command.communicate(timeout=20)

    assert command.returncode == 130
    assert status_of(service, job_id) == "running"
    step = steps_done(service, job_id)
    wait_for(lambda: steps_done(service, job_id) > step, 30, "it goes on")
    assert run("jobs", "cancel", job_id).code == 0


def test_jobs_are_canceled_by_id_and_by_tag(service: GenartUp, run: Run) -> None:
    slow = ("--steps", "600", "--ms", "50", "--tag", "slow")
    first, second = submitted(run, *slow), submitted(run, *slow)

    assert run("jobs", "cancel", first).stdout.startswith(f"{first} cancel")
    assert run("jobs", "cancel", "--tag", "slow").stdout.startswith(f"{second} cancel")
    both = {first, second}
    wait_for(lambda: {status_of(service, j) for j in both} == {"canceled"}, 30, "both are canceled")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("show", UNKNOWN), 1, f"There is no job '{UNKNOWN}'"),
        (("follow", UNKNOWN), 1, f"There is no job '{UNKNOWN}'"),
        (("show", "../models"), 2, "ID: '../models' is no job's id; `genart jobs list` shows"),
        (("cancel", "nothing"), 1, "You have no job nothing"),
        (("cancel",), 2, "ID: Name jobs, or say which with --kind, --tag or --all"),
        (("list", "--status", "done"), 2, "--status: Input should be 'queued', 'running'"),
        (("list", "--kind", "music"), 2, '--kind: kind can\'t be "music"; the kinds are '),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(
    words: tuple[str, ...], code: int, said: str, run: Run
) -> None:
    done = run("jobs", *words)

    assert done.code == code
    assert done.stderr.startswith(f"genart: {said}")
    assert done.stderr.count("\n") == 1
