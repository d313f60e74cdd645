import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rich.console import Console
from typer.testing import CliRunner

from genart_core.arts.text.data import read_corpus
from genart_core.arts.text.losses import measure
from genart_core.arts.text.model import Config, LanguageModel
from genart_core.arts.text.recipe import Order, Recipe
from genart_core.arts.text.report import Report
from genart_core.arts.text.stored import load_model, unpack
from genart_core.arts.text.train import app
from genart_core.arts.text.training import Training, run, write_samples
from genart_core.catalogue import load_trainer
from genart_core.errors import DamagedWeightsError
from genart_core.weights import find_model

from .conftest import random_model

RECIPE = Recipe(
    steps=12, rows=4, chunk=8, learning_rate=1e-2, dropout=0.1, weight_dropout=0.1, evaluations=3
)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "book.txt"
    path.write_text("a hedgehog, a fox; " * 60, encoding="utf-8")
    return path


def training(book: Path, recipe: Recipe = RECIPE) -> Training:
    corpus = read_corpus([book], book.parent)
    config = Config(len(corpus.vocabulary), embedding=8, hidden=32, layers=2)
    return Training(corpus, LanguageModel(config, torch.Generator().manual_seed(1)), recipe)


def advance(run: Training, steps: int) -> None:
    for _ in range(steps):
        run.advance()
        if run.is_evaluation_due():
            run.evaluate()


def everything(run: Training) -> list[torch.Tensor]:
    states = run.optimizer.state_dict()["state"]
    moments = [states[i][key] for i in sorted(states) for key in sorted(states[i])]
    weights = [by_name[n] for by_name in (run.average, run.best) for n in sorted(by_name)]
    weights += run.network.parameters()
    return [*weights, *moments, *(x for pair in run.state or [] for x in pair)]


class Silent(Report):
    """A report that keeps its lines, and may do something at a step."""

    def __init__(self, at: int = -1, signals: int = 0) -> None:
        super().__init__(Console(quiet=True))
        self.lines: list[str] = []
        self.steps, self.at, self.signals = 0, at, signals

    def say(self, line: str) -> None:
        self.lines.append(line)

    def step(
        self, number: int, *, progress: float, bits: float, characters: int, seconds: float
    ) -> None:
        self.steps += 1
        if self.steps == self.at:
            os.kill(os.getpid(), self.signals)


def test_repetitive_text_is_learned_in_seconds(book: Path) -> None:
    recipe = replace(
        RECIPE, steps=200, chunk=32, learning_rate=2e-2, averaging=0.95, weight_dropout=0.0
    )
    one = training(book, recipe)

    advance(one, 200)

    assert one.best_bits < 0.1
    assert "a hedgehog, a fox; a hedgehog" in write_samples(one.model(one.best))["0.5"]


@pytest.mark.parametrize("stop", [1, 5, 7])
def test_resumed_training_equals_an_uninterrupted_one(
    book: Path, tmp_path: Path, stop: int
) -> None:
    recipe = replace(RECIPE, chunk=60)  # several epochs in 12 steps
    whole, first, second = (training(book, recipe) for _ in range(3))
    checkpoint = tmp_path / "run" / "checkpoint.safetensors"
    advance(whole, 12)

    advance(first, stop)
    first.save(checkpoint)
    second.load(checkpoint)
    advance(second, 12 - stop)

    assert whole.batches.epoch > 1
    assert second.best_bits == whole.best_bits
    assert all(map(torch.equal, everything(second), everything(whole)))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_saves_after_the_step_and_training_continues(
    book: Path, tmp_path: Path, number: int
) -> None:
    checkpoint = tmp_path / "checkpoint.safetensors"
    handler = signal.getsignal(number)

    stopped = training(book)
    assert not run(stopped, Silent(at=4, signals=number), checkpoint)

    assert signal.getsignal(number) is handler
    again = training(book)
    again.load(checkpoint)
    assert again.step == 4
    report = Silent()
    assert run(again, report, checkpoint)
    assert report.steps == 8


@pytest.mark.parametrize("change", [{"seed": 5}, {"dropout": 0.5}, {"steps": 13}])
def test_checkpoint_of_another_recipe_is_refused(
    book: Path, tmp_path: Path, change: dict[str, float]
) -> None:
    training(book).save(tmp_path / "checkpoint")

    with pytest.raises(ValueError, match="recipe"):
        training(book, replace(RECIPE, **change)).load(tmp_path / "checkpoint")  # type: ignore[arg-type]  # a mix of int and float


def test_checkpoint_of_another_text_is_refused(book: Path, tmp_path: Path) -> None:
    training(book).save(tmp_path / "checkpoint")
    book.write_text(book.read_text(encoding="utf-8") + "!", encoding="utf-8")

    with pytest.raises(ValueError, match="sha256"):
        training(book).load(tmp_path / "checkpoint")


def test_cut_off_checkpoint_is_damaged(book: Path, tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    training(book).save(path)
    path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(DamagedWeightsError):
        training(book).load(path)


SAVER = """
import sys
from pathlib import Path
from tests.arts.text.test_train import training
one = training(Path(sys.argv[1]))
while True:
    one.advance()
    one.save(Path(sys.argv[2]))
"""


def test_killed_while_saving_leaves_a_whole_checkpoint(book: Path, tmp_path: Path) -> None:
    path = tmp_path / "run" / "checkpoint"
    process = subprocess.Popen([sys.executable, "-c", SAVER, str(book), str(path)])
    try:
        deadline = time.monotonic() + 60
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.25)
    finally:
        process.kill()
        process.wait()

    again = training(book)
    again.load(path)
    assert again.step > 0


def test_training_ends_early_when_validation_stops_falling(book: Path) -> None:
    one = training(book, replace(RECIPE, patience=2))
    one.best_bits, one.step = 0.0, 7

    endings = [one.is_done for _ in range(2) if one.evaluate()]

    assert endings == [False, True]


def test_learning_rate_warms_up_and_falls_to_almost_nothing() -> None:
    recipe = Recipe(learning_rate=1.0, warmup=0.1)
    rates = [recipe.rate(i / 100) for i in range(101)]

    assert rates[0] < 0.05
    assert max(rates) == rates[10] == pytest.approx(1.0)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[100] == pytest.approx(0.02)


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


def test_validation_that_rises_early_does_not_end_the_training(book: Path) -> None:
    one = training(book, replace(RECIPE, patience=1))
    one.best_bits = 0.0

    one.evaluate()
    assert not one.is_done  # the learning rate has yet to fall, which is when it improves

    one.step = 8
    one.evaluate()
    assert one.is_done


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


@pytest.mark.parametrize("name", ["../evil", "", "Big", "a b", ".hidden"])
def test_name_that_is_no_file_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Order([], name, "")


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


def test_samples_of_one_seed_are_equal() -> None:
    model = random_model()

    assert write_samples(model) == write_samples(model)
    assert all(len(text) == 200 for text in write_samples(model).values())


def test_plain_report_tells_loss_and_rate(capsys: pytest.CaptureFixture[str]) -> None:
    with Report(Console(force_terminal=False)) as report:
        report.step(1, progress=0.5, bits=2.0, characters=1000, seconds=0.5)
        report.validation(1, 0, bits=2.5, best=2.25)

    output = capsys.readouterr().out
    assert "50.0%  2.000 bits/char, 2,000 chars/s" in output
    assert "step 1, epoch 0: validation 2.5000 bits/char (best 2.2500)" in output


def test_corpus_of_unseen_characters_only_is_too_short_for_given_weights(tmp_path: Path) -> None:
    path = tmp_path / "other.txt"
    path.write_text("漢字" * 500, encoding="utf-8")

    with pytest.raises(ValueError, match="at least 200"):
        read_corpus([path], tmp_path, vocabulary=random_model().vocabulary)


def _measured(card: dict[str, dict[str, float]]) -> float:
    bits = card["metrics"]["validation_bits_per_character"]
    assert math.isfinite(bits)
    return bits
