"""`genart run` against a service that runs, whole."""

import os
import signal
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from genart_core.catalogue import kinds
from tests.cli.asking import latest, started, status_of
from tests.cli.calling import Run
from tests.support.arts import StepsRequest, verse
from tests.support.studio import picture
from tests.support.up import GenartUp
from tests.support.waiting import wait_for

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(picture())
    return path


def test_a_text_goes_to_standard_output_and_to_a_file(run: Run, tmp_path: Path) -> None:
    done = run("run", "steps", "--steps", "12", "--seed", "7")

    text = verse(StepsRequest(steps=12, seed=7))
    assert (done.code, done.stdout) == (0, f"{text}\n")
    (path,) = tmp_path.glob("steps-*-0.txt")
    assert path.read_text() == text
    assert path.name in done.stderr
    assert "seed 7" in done.stderr


def test_pictures_are_sent_as_files_and_come_back_as_files(
    run: Run, photo: Path, tmp_path: Path
) -> None:
    words = ("--style", "photo.png", "--style", str(photo), "--weights", "a=1,b=0.5", "--mirrored")
    done = run("run", "pictured", "--image", "photo.png", *words, "--layers", "x,y")

    assert done.code == 0, done.stderr
    (name,) = done.stdout.split()
    assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    assert b'"mirrored":true' in (tmp_path / name).read_bytes(), "the file says what made it"
    assert b'"weights":{"a":1.0,"b":0.5}' in (tmp_path / name).read_bytes()
    assert b'"layers":["x","y"]' in (tmp_path / name).read_bytes()


def test_an_earlier_output_can_be_a_picture(run: Run, photo: Path) -> None:
    name = run("run", "pictured", "--image", str(photo)).stdout.strip()
    job_id = name.split("-")[1]
    done = run("run", "pictured", "--image", f"job:{job_id}/0", "--guide", str(photo))

    assert done.code == 0, done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("steps", "--steps", "0"), "--steps: Input should be greater than or equal to 1; got 0"),
        (("steps", "--seed", "x", "--ms", "-1"), "--seed: Input should be a valid integer"),
        (("pictured", "--image", "none.png"), "--image: There is no file none.png"),
        (
            ("pictured", "--image", "photo.png", "--style", "photo.png", "--style", "no.txt"),
            "--style, number 2: ",
        ),
        (("pictured", "--image", "photo.png", "--weights", "a=x"), "--weights a: Input should be"),
        (
            ("pictured", "--image", "photo.png", "--weights", "a=1", "--weights", "b"),
            "--weights: 'b' is",
        ),
        (("modelled", "--model", "none"), '--model: There is no model "none"'),
        (("steps", "--tag", "no tag"), "--tag: "),
        (("steps", "--out", "photo.png"), "--out: photo.png exists already; --force replaces it"),
        (("steps", "--url", "ftp://here"), "--url: ftp://here is no http address"),
        (("steps", "--key", "a\nb"), "--key: "),
    ],
)
def test_what_is_wrong_is_told_at_its_option(
    words: tuple[str, ...], said: str, run: Run, photo: Path, tmp_path: Path
) -> None:
    (tmp_path / "no.txt").write_text("no picture")
    done = run("run", *words)

    assert done.code == 2
    assert done.stderr.startswith(f"genart: {said}")
    assert done.stderr.count("\n") == 1
    assert photo.read_bytes() == picture()


def test_several_mistakes_are_told_together(run: Run) -> None:
    said = run("run", "steps", "--steps", "0", "--ms", "-1").stderr

    assert "--steps: " in said
    assert "; --ms: " in said


def test_a_job_that_fails_says_why(run: Run) -> None:
    done = run("run", "refused")

    assert done.code == 1
    assert done.stderr.endswith(" failed: The picture can't be read\n")


def test_nobody_there_is_told_with_what_to_do(run: Run) -> None:
    done = run("run", "steps", "--url", "http://127.0.0.1:1")

    assert done.code == 1
    assert done.stderr.startswith("genart: No service answers at http://127.0.0.1:1 (")
    assert "`genart up`" in done.stderr


def test_ctrl_c_cancels_the_job(service: GenartUp, home: Path) -> None:
    home.mkdir()
    with started(service, "run", "steps", "--steps", "600", "--ms", "50", folder=home) as command:
        assert command.stdout is not None
        first = command.stdout.read(1)  # a character of the text: it is being made
        job_id = latest(service)
        command.send_signal(signal.SIGINT)
        _, said = command.communicate(timeout=20)

    assert first
    assert command.returncode == 130
    assert f"job {job_id} is canceled" in said
    wait_for(lambda: status_of(service, job_id) == "canceled", 30, "it is canceled")
    assert not list(home.glob("steps-*"))


def test_a_job_is_followed_over_the_death_of_the_gateway(service: GenartUp, home: Path) -> None:
    home.mkdir()
    words = ("run", "steps", "--steps", "60", "--ms", "50", "--seed", "3")
    with started(service, *words, folder=home) as command:
        assert command.stdout is not None
        first = command.stdout.read(1)
        service.kill("gateway")
        rest, said = command.communicate(timeout=60)

    assert command.returncode == 0, said
    assert first + rest == f"{verse(StepsRequest(steps=60, seed=3))}\n"


def test_a_detached_job_goes_on_alone(service: GenartUp, run: Run, tmp_path: Path) -> None:
    options = ("--tag", "night", "--tag", "late", "--priority", "high", "--finish-within", "60")
    job_id = run("run", "steps", "--steps", "2", "--detach", *options).stdout.strip()

    wait_for(lambda: status_of(service, job_id) == "succeeded", 30, "it is made")
    assert list(tmp_path.iterdir()) == []


def test_files_are_replaced_only_when_asked(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine")

    assert run("run", "steps", "--out", "a.txt").code == 2
    assert (tmp_path / "a.txt").read_text() == "mine"
    assert run("run", "steps", "--out", "a.txt", "--force", "--seed", "1").code == 0
    assert (tmp_path / "a.txt").read_text() == verse(StepsRequest(seed=1))


def test_files_are_opened_when_asked(service: GenartUp, tmp_path: Path) -> None:
    viewer, seen = tmp_path / "bin" / "xdg-open", tmp_path / "seen"
    viewer.parent.mkdir()
    viewer.write_text(f'#!/bin/sh\necho "$1" >> {seen}\n')
    viewer.chmod(0o755)
    path = f"{viewer.parent}:{os.environ['PATH']}"
    words = ("run", "steps", "--out", "a.txt", "--open")
    with started(service, *words, folder=tmp_path, PATH=path) as command:
        command.communicate(timeout=30)

    wait_for(lambda: seen.exists() and seen.read_text() == "a.txt\n", 30, "it was opened")


def test_a_missing_picture_is_asked_for(run: Run) -> None:
    done = run("run", "pictured")

    assert done.code == 2
    assert "Missing option '--image'" in done.stderr


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_every_kind_has_its_fields_as_options(kind: str, run: Run) -> None:
    shown = run("run", kind, "--help", COLUMNS="200", GENART_EXTRA_ARTS="").stdout

    for name in kinds()[kind].request.model_json_schema()["properties"]:
        assert f"--{name.replace('_', '-')} " in shown.replace("/", " ")
    assert shown.count("--out ") == 1


@pytest.mark.parametrize("kind", sorted(kinds()))
def test_no_option_is_cut_in_80_columns(kind: str, run: Run) -> None:
    shown = run("run", kind, "--help", COLUMNS="80", GENART_EXTRA_ARTS="").stdout

    for name in kinds()[kind].request.model_json_schema()["properties"]:
        assert f"--{name.replace('_', '-')} " in shown


def test_words_that_are_too_many_for_the_help_stand_in_the_text(run: Run) -> None:
    shown = " ".join(
        run("run", "dream", "--help", COLUMNS="200", GENART_EXTRA_ARTS="").stdout.split()
    )

    assert "lines, curves, eyes, fur, animals, creatures, chimera; default: animals" in shown
    assert "at most 100000)" not in shown.split("--target-class")[1].split("--octaves")[0]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("genart run st", ["style"]),
        ("genart run text --strategy s", ["sample"]),
        ("genart run text --repet", ["--repetition-penalty"]),
        ("genart run text --model s", ["shakespeare"]),
    ],
)
def test_words_are_completed(line: str, words: list[str]) -> None:
    env = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    env |= {"_GENART_COMPLETE": "complete_bash", "GENART_EXTRA_ARTS": ""}
    done = CliRunner().invoke(app, prog_name="genart", env=env)

    assert set(words) <= set(done.stdout.split())
    assert all(word.startswith(line.split()[-1]) for word in done.stdout.split())
