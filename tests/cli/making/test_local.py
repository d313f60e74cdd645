"""`genart run --local`: the same, without a service."""

from pathlib import Path

import pytest

from genart_core.arts.text.stored import save_model
from genart_core.signature import read_signature
from tests.arts.text.conftest import random_model
from tests.cli.calling import Run, caller
from tests.support.arts import StepsRequest, verse
from tests.support.studio import picture


@pytest.fixture
def run(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs `genart run --local` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    settings = {"NATIVE": "false", "DEVICE": "cpu", "EXTRA_ARTS": "tests.support.arts"}
    always = {f"GENART_{name}": value for name, value in settings.items()}
    call = caller(capsys, GENART_HOME=str(home), **always)
    return lambda *words, **settings: call("run", words[0], "--local", *words[1:], **settings)


def test_a_model_of_the_home_folder_writes(run: Run, home: Path, tmp_path: Path) -> None:
    folder = home / "models" / "text"
    folder.mkdir(parents=True)
    save_model(folder / "tiny.safetensors", random_model())
    words = ("text", "--model", "tiny", "--length", "40", "--seed", "5")

    first, again = run(*words), run(*words)

    assert (first.code, len(first.stdout)) == (0, 41), first.stderr
    assert first.stdout == again.stdout
    assert len(list(tmp_path.glob("text-*-0.txt"))) == 2
    assert "made here on cpu" in first.stderr


def test_what_is_made_here_is_what_a_worker_makes(run: Run) -> None:
    assert run("steps", "--steps", "9", "--seed", "2").stdout.strip() == verse(
        StepsRequest(steps=9, seed=2)
    )


def test_a_picture_is_a_file_and_says_what_made_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in.png").write_bytes(picture())
    done = run("pictured", "--image", "in.png", "--title", "night", "--out", "made.png")

    assert (done.code, done.stdout) == (0, "made.png\n"), done.stderr
    made = read_signature((tmp_path / "made.png").read_bytes())
    assert made is not None
    assert b'"title":"night"' in made


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("steps", "--steps", "0"), "--steps: Input should be greater than or equal to 1"),
        (("text", "--model", "none"), "--model: Unknown model 'none'; known models: "),
        (("dream", "--model", "vgg19"), "--model: Model 'vgg19' is not here yet; run: genart mo"),
        (("dream", "--layer-contributions", "x=1"), "--layer-contributions: Unknown layers x; "),
        (("pictured", "--image", "asset:1"), "--image: asset:1 is for a service"),
        (("pictured", "--image", "no.png"), "--image: no.png: These 10 bytes are no picture"),
        (("steps", "--tag", "a"), "--tag: It is for a service"),
        (("steps", "--detach"), "--detach: It is for a service"),
    ],
)
def test_what_is_wrong_is_told_at_its_option(
    words: tuple[str, ...], said: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "no.png").write_text("no picture")
    done = run(*words)

    assert done.code == 2
    assert done.stderr.startswith(f"genart: {said}")


def test_what_can_not_be_made_says_why(run: Run, tmp_path: Path) -> None:
    done = run("refused")

    assert (done.code, done.stderr) == (1, "genart: The picture can't be read\n")
    assert list(tmp_path.iterdir()) == []


def test_a_missing_device_is_told(run: Run) -> None:
    done = run("steps", GENART_DEVICE="cuda:99")

    assert done.code == 2
    assert done.stderr.startswith("genart: GENART_DEVICE=cuda:99: Device cuda:99 is not there")
