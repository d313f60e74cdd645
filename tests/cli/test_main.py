"""The `genart` command: what it lists, and how it tells of mistakes."""

import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from genart_core.catalogue import TRAINERS
from tests.cli.calling import Run, caller
from tests.support.gateway import place_model

WITHOUT_TORCH = """
import sys
sys.argv = ["genart", *sys.argv[1:]]
from cli.main import main
try:
    main()
finally:
    heavy = {"torch", "celery", "numpy", "fastapi"} & set(sys.modules)
    assert not heavy, heavy
"""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command with the settings given and no others."""
    return caller(capsys)


@pytest.mark.parametrize(
    "words",
    [
        *(["--help"], ["up", "--help"], ["train", "--help"], ["models", "list"], ["version"]),
        *(["run", "--help"], ["run", "style", "--help"]),
    ],
)
def test_light_commands_import_nothing_heavy(words: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-c", WITHOUT_TORCH, *words]
    env = {**os.environ, "GENART_HOME": str(tmp_path)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_help_lists_the_commands(run: Run) -> None:
    listed = run("--help").stdout

    assert all(word in listed for word in ("up", "run", "jobs", "train", "models", "version"))


def test_version_is_the_packages(run: Run) -> None:
    assert run("version").stdout.startswith(f"genart {version('genart')} (Python ")


def test_every_trainer_has_a_command(run: Run) -> None:
    listed = run("train", "--help").stdout

    assert all(f" {art} " in listed for art in TRAINERS)


def test_a_trainer_shows_its_own_options(run: Run) -> None:
    assert "genart train text" in run("train", "text", "--help").stdout


@pytest.mark.parametrize(
    ("words", "settings", "said"),
    [
        (("up",), {"GENART_PORT": "high"}, "GENART_PORT=high: Input should be a valid integer"),
        (("up", "--port", "70000"), {}, "GENART_PORT=70000: Input should be less than or equal"),
        (("up", "--device", "tpu"), {}, "GENART_DEVICE=tpu: String should match"),
        (("worker", "--workers", "-1"), {}, "GENART_WORKERS=-1: Input should be greater"),
        (("run", "text"), {"GENART_EXTRA_ARTS": "none"}, "GENART_EXTRA_ARTS can't be used: No mo"),
        (("up",), {"GENART_EXTRA_ARTS": "none"}, "GENART_EXTRA_ARTS can't be used: No module"),
        (("up",), {"GENART_BLOB_URL": "nowhere://x"}, "GENART_BLOB_URL=nowhere://x can't be used"),
        (("up",), {"GENART_LOG_LEVEL": "loud"}, "GENART_LOG_LEVEL=LOUD: Input should be 'DEBUG'"),
        (("up",), {"GENART_KINDS": "txt"}, "GENART_KINDS=txt: Unknown kind 'txt'"),
        (("worker",), {}, "REDIS_URL is not set"),
        (("api",), {}, "REDIS_URL is not set"),
        (("up", "--device", "cuda:99"), {"CUDA_VISIBLE_DEVICES": ""}, "GENART_DEVICE=cuda:99, but"),
    ],
)
def test_a_wrong_setting_is_told_in_one_sentence(
    words: tuple[str, ...], settings: dict[str, str], said: str, run: Run, tmp_path: Path
) -> None:
    done = run(*words, GENART_HOME=str(tmp_path), **settings)

    assert done.code == 2
    assert done.stderr.startswith(f"genart: {said}")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("opera",), "No such command 'opera'; see `genart --help`"),
        (("trian",), "No such command 'trian'. Did you mean 'train'? See `genart --help`"),
        (("run", "poem"), "No such command 'poem'; see `genart run --help`"),
        (("jobs", "list", "--limit", "0"), "Invalid value for '--limit': Input should be greater"),
        (("jobs", "show"), "Missing argument 'ID'; see `genart jobs show --help`"),
        (("train", "text"), "Missing argument 'files'; see `genart train text --help`"),
        (
            ("models", "pull", "vgg16", "--from", "/"),
            "Invalid value for '--from': file",
        ),
    ],
)
def test_wrong_words_are_told_in_one_sentence(
    words: tuple[str, ...], said: str, run: Run, tmp_path: Path
) -> None:
    done = run(*words, GENART_HOME=str(tmp_path))

    assert (done.code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"genart: {said}")
    assert done.stderr.count("\n") == 1


def test_a_picture_that_cannot_be_read_is_told_beside_the_array(run: Run, tmp_path: Path) -> None:
    done = run("models", "classify", "/none", GENART_HOME=str(tmp_path))

    assert (done.code, json.loads(done.stdout)) == (1, [{"image": "/none", "top": []}])
    assert done.stderr == "genart: /none can't be read as a picture: No such file or directory\n"


def test_a_tool_takes_a_picture_whose_name_begins_with_a_dash(run: Run, tmp_path: Path) -> None:
    done = run("models", "classify", "--model", "features", "--", "-x.png", "--help")

    assert [each["image"] for each in json.loads(done.stdout)] == ["-x.png", "--help"]
    assert done.stderr.startswith("genart: -x.png can't be read as a picture: ")


def test_a_group_alone_shows_its_commands(run: Run) -> None:
    done = run("jobs")

    assert (done.code, done.stderr) == (2, "")
    assert "follow" in done.stdout


def test_models_are_listed_and_shown(run: Run, tmp_path: Path) -> None:
    place_model(tmp_path, "diary", licence="mine", minutes=3)

    listed = run("models", "list", GENART_HOME=str(tmp_path))
    shown = json.loads(run("models", "show", "diary", GENART_HOME=str(tmp_path)).stdout)

    assert "diary" in listed.stdout
    assert "mine" in listed.stdout
    assert (shown["art"], shown["name"]) == ("text", "diary")
    assert shown["card"] == {"licence": "mine", "minutes": 3}


def test_a_model_that_one_which_ships_hides_is_told(run: Run, tmp_path: Path) -> None:
    file = place_model(tmp_path, "tales")
    place_model(tmp_path, "diary")

    listed = run("models", "list", GENART_HOME=str(tmp_path))
    shown = run("models", "show", "tales", GENART_HOME=str(tmp_path))
    other = run("models", "show", "diary", GENART_HOME=str(tmp_path))

    told = f"genart: {file} is hidden by text/tales, which ships and is found first; "
    assert listed.stderr.startswith(told)
    assert shown.stderr.startswith(told)
    assert json.loads(shown.stdout)["file"] != str(file)
    assert (listed.stderr.count("\n"), other.stderr) == (1, "")


def test_an_ambiguous_model_wants_its_art(run: Run, tmp_path: Path) -> None:
    place_model(tmp_path, "small")
    place_model(tmp_path, "small", art="vae")

    unclear = run("models", "show", "small", GENART_HOME=str(tmp_path))
    clear = run("models", "show", "vae/small", GENART_HOME=str(tmp_path))

    assert (unclear.code, unclear.stderr) == (
        1,
        "genart: 'small' is ambiguous; say one of text/small, vae/small\n",
    )
    assert json.loads(clear.stdout)["art"] == "vae"


def test_an_unknown_model_is_told_with_the_known_ones(run: Run, tmp_path: Path) -> None:
    place_model(tmp_path, "diary")
    done = run("models", "show", "dairy", GENART_HOME=str(tmp_path))

    assert done.code == 1
    assert done.stderr.startswith("genart: There is no model 'dairy' here; known models: ")
    assert "text/diary" in done.stderr
