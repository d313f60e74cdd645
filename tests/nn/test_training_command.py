"""`genart train features` as it is typed: what it writes, refuses and tells."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner, Result

from genart_core.nn.backbone_train import app
from genart_core.nn.features import load_network
from genart_core.weights import find_model, read_card
from tests.support.curves import read_curves


def test_the_command_writes_a_network_that_can_be_used(
    photos: Path, teacher: Path, tmp_path: Path
) -> None:
    words = [photos, "--name", "mine", "--teacher", teacher, "--steps", 2, "--batch", 4]
    words += ["--side", 32, "--home", tmp_path, "--licence", "public domain"]
    words += ["--mixed", 0.5, "--dreamt", 0.5, "--forced", 0.25, "--logits", 1]
    words[0] = f"{photos}:2"

    result = CliRunner().invoke(app, [str(word) for word in words])

    assert result.exit_code == 0, result.output
    path = tmp_path / "models" / "features" / "mine.safetensors"
    network = load_network(path, "cpu")
    assert network.classes == ("cat", "dog", "owl")
    card = read_card(path)
    assert card["command"] == (
        "genart train features photos:2 --name mine --teacher darknet.npz --steps 2 --batch 4 "
        "--side 32 --mixed 0.5 --dreamt 0.5 --forced 0.25 --logits 1 --licence 'public domain'"
    )
    assert card["data"]["folders"] == ["photos"]
    assert card["licence"] == "weights trained by this project; data: public domain"
    assert card["log"][-1]["steps"] == 2
    curves = read_curves(tmp_path / "runs" / "features" / "mine.tensorboard")
    assert {"training/loss", "training/learning_rate", "validation/agreement"} <= set(curves)
    assert [step for step, _ in curves["validation/agreement"]] == [1, 2]
    assert set(card["metrics"]) == {
        "error_relu3_2",
        "error_relu4_2",
        "error_relu5_2",
        "error_dreamt",
        "agreement",
    }
    layers = {each["name"]: each["channels"] for each in card["layers"]}
    assert layers == {name: layer.channels for name, layer in network.layers.items()}


def test_without_a_teacher_the_folders_are_the_classes(photos: Path, tmp_path: Path) -> None:
    words = [photos, "--name", "mine", "--steps", 40, "--batch", 8, "--side", 32]
    words += ["--home", tmp_path]

    result = CliRunner().invoke(app, [str(word) for word in words])

    assert result.exit_code == 0, result.output
    path = tmp_path / "models" / "features" / "mine.safetensors"
    card = read_card(path)
    assert [each["name"] for each in card["classes"]] == ["blue", "red"]
    assert card["metrics"]["accuracy"] == 1.0
    assert json.dumps(card["recipe"]).count('"side": 32') == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "nowhere is no folder"),
        (["{photos}", "--mixed", "0.5"], "only with a teacher"),
    ],
)
def test_what_can_not_be_trained_on_is_told(
    photos: Path, tmp_path: Path, words: list[str], said: str
) -> None:
    words = [word.format(photos=photos) for word in words]

    result = CliRunner().invoke(app, [*words, "--name", "mine", "--home", str(tmp_path)])

    assert result.exit_code == 2
    assert said in " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize("name", ["a/b", "", "..", "../evil", "Big", "a b", ".hidden", "a" * 65])
def test_a_name_that_a_model_cannot_have_is_refused(
    photos: Path, tmp_path: Path, name: str
) -> None:
    words = [str(photos), "--name", name, "--steps", "1", "--home", str(tmp_path / "home")]

    result = CliRunner().invoke(app, words, env={"COLUMNS": "400"})

    assert result.exit_code == 2
    assert f"The name is {name!r} but must be up to 64 of a-z, 0-9, - and _" in result.output
    assert not (tmp_path / "home").exists()


def test_damaged_pictures_do_not_end_a_training(
    photos: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    damaged = [photos / "red" / "0003.png", photos / "blue" / "0009.png"]  # the latter is kept
    for path in damaged:
        path.write_bytes(b"damaged")
    words = [photos, "--name", "mine", "--steps", 12, "--batch", 8, "--side", 32]

    result = CliRunner().invoke(app, [str(word) for word in [*words, "--home", tmp_path]])

    assert result.exit_code == 0, result.output
    assert (tmp_path / "models" / "features" / "mine.safetensors").is_file()
    said = [record.getMessage() for record in caplog.records]
    assert sorted(line.split(" can't")[0] for line in said) == sorted(
        f"left out: {path}" for path in damaged
    )


def test_a_training_that_loses_its_pictures_is_saved_and_goes_on_when_they_are_back(
    photos: Path, tmp_path: Path
) -> None:
    kept = [
        photos / folder / name for folder in ("red", "blue") for name in ("0009.png", "0019.png")
    ]
    pictures = [path.read_bytes() for path in kept]
    usual = [photos, "--steps", 4, "--batch", 8, "--side", 32, "--home", tmp_path]

    def train(*words: str) -> Result:
        return CliRunner().invoke(app, [*map(str, usual), *words])

    whole = train("--name", "whole")
    for path in kept:
        path.write_bytes(b"damaged")
    lost = train("--name", "mine")
    for path, data in zip(kept, pictures, strict=True):
        path.write_bytes(data)
    resumed = train("--name", "mine", "--resume")

    assert (whole.exit_code, lost.exit_code, resumed.exit_code) == (0, 1, 0), resumed.output
    checkpoint = tmp_path / "runs" / "features" / "mine.checkpoint.safetensors"
    assert lost.output.endswith(
        "Stopped, as no picture that was kept to measure with can be read; "
        f"the same command with --resume continues from {checkpoint}\n"
    )
    found = [load_file(tmp_path / f"models/features/{n}.safetensors") for n in ("whole", "mine")]
    for name, tensor in found[0].items():
        assert torch.equal(tensor, found[1][name]), name


def test_it_is_told_that_a_model_which_ships_hides_another_of_its_name(
    photos: Path, tmp_path: Path
) -> None:
    words = [photos, "--name", "features", "--steps", 1, "--batch", 4, "--side", 32]
    words += ["--home", tmp_path]
    runner = CliRunner()

    hidden = runner.invoke(app, [str(word) for word in words])
    elsewhere = runner.invoke(app, [str(word) for word in [*words, "--out", tmp_path / "other"]])

    file = tmp_path / "models" / "features" / "features.safetensors"
    told = f"{file} is hidden by features/features, which ships and is found first; "
    assert hidden.exit_code == elsewhere.exit_code == 0, hidden.output
    lines = hidden.output.splitlines()
    assert [number for number, line in enumerate(lines) if line.startswith(told)] == [
        1,
        len(lines) - 1,
    ]
    assert "is hidden by" not in elsewhere.output
    assert find_model("features", "features", tmp_path).shipped


def test_training_on_from_a_model_tells_its_lineage(
    photos: Path, teacher: Path, tmp_path: Path
) -> None:
    usual = [photos, "--teacher", teacher, "--steps", 1, "--batch", 4, "--side", 32]
    usual += ["--home", tmp_path]
    runner = CliRunner()
    first = runner.invoke(app, [str(word) for word in [*usual, "--name", "first"]])
    second = runner.invoke(
        app, [str(word) for word in [*usual, "--name", "second", "--init", "first"]]
    )

    assert first.exit_code == second.exit_code == 0, second.output
    card = read_card(tmp_path / "models" / "features" / "second.safetensors")
    assert card["command"].endswith("--init first")
    assert "--name first" in card["lineage"][0]["command"]
