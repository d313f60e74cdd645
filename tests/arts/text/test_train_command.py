"""`genart train text` as it is typed: what it writes, refuses and tells."""

import math
from pathlib import Path

import pytest
from typer.testing import CliRunner

from genart_core.arts.text.data import read_corpus
from genart_core.arts.text.losses import measure
from genart_core.arts.text.stored import load_model, unpack
from genart_core.arts.text.train import app
from genart_core.catalogue import load_trainer
from genart_core.weights import find_model


def test_command_trains_a_model_that_is_found_by_its_name(book: Path, tmp_path: Path) -> None:
    arguments = [str(book), "--name", "fable", "--steps", "10", "--hidden", "32", "--chunk", "16"]

    result = CliRunner().invoke(load_trainer("text"), [*arguments, "--home", str(tmp_path)])

    assert result.exit_code == 0, result.output
    weights = find_model("text", "fable", tmp_path)
    model, corpus = load_model(weights.path), read_corpus([book], tmp_path)
    assert _measured(model.card) == pytest.approx(
        measure(unpack(model.config, model.tensors), corpus.validation), abs=1e-4
    )
    assert weights.card["command"] == (
        "genart train text book.txt --name fable --steps 10 --chunk 16 --hidden 32 "
        "--licence 'not stated'"
    )
    assert weights.card["data"]["sha256"] == corpus.sha256
    assert weights.card["data"]["characters"] == 19 * 60
    assert set(weights.card["samples"]) == {"0.2", "0.5", "0.8", "1.0", "1.2"}
    assert not list((tmp_path / "runs").rglob("*.safetensors"))
    assert "bits/char as stored" in result.output


def test_command_trains_a_model_of_words(tmp_path: Path) -> None:
    book = tmp_path / "tale.txt"
    book.write_text("the fox saw the hen, and\nthe hen saw the fox. " * 60, encoding="utf-8")
    arguments = [str(book), "--name", "tale", "--unit", "word", "--vocabulary", "256", "--reflow"]
    size = ["--steps", "40", "--hidden", "32", "--chunk", "16", "--rows", "4"]

    result = CliRunner().invoke(app, [*arguments, *size, "--home", str(tmp_path)])

    assert result.exit_code == 0, result.output
    model = load_model(find_model("text", "tale", tmp_path).path)
    assert model.config.tied
    assert model.vocabulary.unit == model.card["unit"] == "word"
    assert " fox" in model.vocabulary.tokens
    assert model.card["command"] == (
        "genart train text tale.txt --name tale --unit word --vocabulary 256 --reflow --steps 40 "
        "--rows 4 --chunk 16 --hidden 32 --licence 'not stated'"
    )
    assert model.card["recipe"]["learning_rate"] == 2e-3  # a character model has 6e-3
    metrics = model.card["metrics"]
    assert metrics["validation_perplexity"] > 1.0
    assert metrics["validation_tokens"] < metrics["validation_characters"] / 2
    assert model.quotes is not None
    quote, _ = model.vocabulary.encode(" the fox saw the hen, and the hen saw the fox.")
    assert model.quotes.mask(quote).all()


def test_training_can_start_from_a_model_by_its_name(book: Path, tmp_path: Path) -> None:
    base = [str(book), "--steps", "3", "--hidden", "32", "--chunk", "16", "--home", str(tmp_path)]
    assert CliRunner().invoke(app, [*base, "--name", "first"]).exit_code == 0

    result = CliRunner().invoke(app, [*base, "--name", "second", "--init", "first"])

    assert result.exit_code == 0, result.output
    (before,) = find_model("text", "second", tmp_path).card["lineage"]
    assert before["command"].startswith("genart train text book.txt --name first")
    assert len(before["log"]) >= 3
    nothing = CliRunner().invoke(app, [*base, "--name", "third", "--init", "nobody"])
    assert nothing.exit_code == 2


def test_training_goes_on_from_given_weights(book: Path, tmp_path: Path) -> None:
    base = [str(book), "--steps", "60", "--hidden", "32", "--chunk", "16", "--home", str(tmp_path)]
    first = tmp_path / "models" / "text" / "first.safetensors"
    assert CliRunner().invoke(app, [*base, "--name", "first"]).exit_code == 0

    options = ["--name", "second", "--init", str(first), "--steps", "1"]
    result = CliRunner().invoke(app, [*base, *options])

    assert result.exit_code == 0, result.output
    card = find_model("text", "second", tmp_path).card
    assert _measured(card) < _measured(load_model(first).card) + 0.5
    assert "--init first.safetensors" in card["command"]


def test_stopped_training_is_not_overwritten(book: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / "runs" / "text" / "fable.checkpoint.safetensors"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"")

    result = CliRunner().invoke(app, [str(book), "--name", "fable", "--home", str(tmp_path)])

    assert result.exit_code == 2
    assert "--resume" in result.output


def test_it_is_told_that_a_model_which_ships_hides_another_of_its_name(
    book: Path, tmp_path: Path
) -> None:
    words = [str(book), "--name", "tales", "--steps", "2", "--hidden", "32", "--chunk", "16"]

    result = CliRunner().invoke(app, [*words, "--home", str(tmp_path)])

    assert result.exit_code == 0, result.output
    told = f"{tmp_path}/models/text/tales.safetensors is hidden by text/tales, which ships"
    assert result.output.count(told) == 2


def test_file_that_is_no_text_is_refused_with_its_reason(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG\xff" * 100)

    result = CliRunner().invoke(app, [str(path), "--name", "x", "--home", str(tmp_path)])

    assert result.exit_code == 2
    assert "UTF-8" in result.output


def _measured(card: dict[str, dict[str, float]]) -> float:
    bits = card["metrics"]["validation_bits_per_character"]
    assert math.isfinite(bits)
    return bits
