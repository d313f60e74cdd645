"""`genart train gan`: what it writes, and how it goes on from there."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from genart_core.arts.gan.stored import restore_generator
from genart_core.arts.gan.train import app
from genart_core.weights import find_model
from tests.support.curves import read_curves
from tests.support.gan import write_discs, write_tiny_generator

SMALL = ["--size", 16, "--batch", 8, "--width", 4, "--critic-width", 4, "--latent", 8]
SMALL += ["--precision", "fp32", "--device", "cpu"]


def train(home: Path, *words: Any) -> str:
    """Run the command; return what it printed."""
    folder = home / "discs"
    if not folder.exists():
        write_discs(folder)
    line = [str(word) for word in (folder, *words, *SMALL, "--home", home)]
    result = CliRunner().invoke(app, line)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_command_writes_a_generator_that_can_be_used(tmp_path: Path) -> None:
    told = train(
        *(tmp_path, "--name", "mine", "--steps", 4, "--sheet-steps", 2),
        *("--licence", "public domain", "--augment", "none"),
    )

    weights = find_model("gan", "mine", tmp_path)
    network, card = restore_generator(weights.path)
    assert (network.config.size, network.config.classes, network.config.latent) == (16, 2, 8)
    assert card == weights.card
    assert card["classes"] == [{"name": "blue"}, {"name": "red"}]
    assert card["command"] == (
        "genart train gan discs --name mine --size 16 --steps 4 --batch 8 --latent 8 --width 4 "
        "--critic-width 4 --licence 'public domain'"
    )
    assert card["licence"] == "weights trained by this project; data: public domain"
    assert card["data"]["pictures"] == 24
    assert (card["steps"], card["images"]) == (4, 32)
    assert card["log"][-1]["steps"] == 4
    assert set(card["metrics"]) == {"variety", "accuracy"}
    assert card["recipe"]["loss"] == "hinge"
    assert "24 pictures, 2 classes" in told
    sheets = sorted(tmp_path.glob("runs/gan/mine/*.png"))
    assert [path.stem for path in sheets] == ["step-000002", "step-000004"]
    with Image.open(sheets[-1]) as sheet:
        assert np.asarray(sheet).std() > 0
    assert not list(tmp_path.glob("runs/gan/*.safetensors"))


def test_the_game_is_drawn_as_curves(tmp_path: Path) -> None:
    train(tmp_path, "--name", "mine", "--steps", 2)

    curves = read_curves(tmp_path / "runs" / "gan" / "mine.tensorboard")
    losses = {"training/discriminator_loss", "training/generator_loss"}
    assert losses | {"training/accuracy", "training/variety", "training/pace"} <= set(curves)
    assert [step for step, _ in curves["validation/variety"]] == [1, 2]
    card = find_model("gan", "mine", tmp_path).card
    assert curves["validation/variety"][-1][1] == pytest.approx(
        card["metrics"]["variety"], abs=1e-4
    )


def test_the_textbook_game_is_one_word_away(tmp_path: Path) -> None:
    told = train(tmp_path, "--name", "old", "--recipe", "textbook", "--steps", 2)

    card = find_model("gan", "old", tmp_path).card
    recipe = card["recipe"]
    assert (recipe["named"], recipe["loss"], recipe["learning_rate"]) == ("textbook", "bce", 2e-4)
    assert (recipe["beta1"], recipe["spectral"], recipe["averaging"]) == (0.5, False, 0.0)
    assert (recipe["augment"], recipe["conditional"]) == ([], False)
    assert card["classes"] == []
    assert "'loss': 'bce'" in re.sub(r"\s+", " ", told)


def test_few_pictures_are_augmented_unless_told_otherwise(tmp_path: Path) -> None:
    train(tmp_path, "--name", "few", "--steps", 1)
    train(tmp_path, "--name", "plain", "--steps", 1, "--augment", "none")

    few, plain = (find_model("gan", name, tmp_path).card for name in ("few", "plain"))
    assert few["recipe"]["augment"] == ["color", "translation", "cutout"]
    assert plain["recipe"]["augment"] == []


def test_training_on_from_a_model_warms_up_and_tells_its_lineage(tmp_path: Path) -> None:
    train(tmp_path, "--name", "first", "--steps", 3)

    train(tmp_path, "--name", "second", "--steps", 3, "--init", "first")

    first, second = (find_model("gan", name, tmp_path) for name in ("first", "second"))
    assert second.card["recipe"]["warmup"] == 500
    assert second.card["command"].endswith("--init first")
    assert second.card["lineage"][0]["command"] == first.card["command"]
    # In three steps of warm-up the generator stayed what it was.
    before, after = (restore_generator(w.path)[0].paint.weight for w in (first, second))
    assert torch.equal(before, after)


def test_a_generator_of_other_pictures_is_no_start(tmp_path: Path) -> None:
    other = write_tiny_generator(tmp_path / "other.safetensors")
    write_discs(tmp_path / "discs")
    line = [tmp_path / "discs", "--name", "x", "--init", other, "--home", tmp_path, *SMALL]

    result = CliRunner().invoke(app, [str(word) for word in line])

    assert result.exit_code == 2
    assert "3 classes" in result.output


def test_it_is_told_that_a_model_which_ships_hides_another_of_its_name(tmp_path: Path) -> None:
    said = train(tmp_path, "--name", "cifar10", "--steps", 1)

    told = f"{tmp_path}/models/gan/cifar10.safetensors is hidden by gan/cifar10, which ships"
    assert said.count(told) == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--name", "Mine"], "The name is 'Mine'"),
        (["--name", "x", "--augment", "blur"], "Unknown changes blur"),
        (["--name", "x", "--init", "nothing"], "Unknown model 'nothing'"),
        (["--name", "x", "--size", "48"], "48 px"),
    ],
)
def test_what_cannot_be_trained_is_told(tmp_path: Path, words: list[str], told: str) -> None:
    write_discs(tmp_path / "discs")
    line = [str(tmp_path / "discs"), *words, "--home", str(tmp_path)]

    result = CliRunner().invoke(app, line, env={"COLUMNS": "400"})

    assert result.exit_code == 2
    assert told in result.output
