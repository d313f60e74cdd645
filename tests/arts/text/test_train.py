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

from genart_core.arts.text.data import read_corpus
from genart_core.arts.text.model import Config, LanguageModel
from genart_core.arts.text.recipe import Order, Recipe
from genart_core.arts.text.report import Report
from genart_core.arts.text.training import Training, run, write_samples
from genart_core.errors import DamagedWeightsError

from .conftest import random_model

RECIPE = Recipe(
    steps=12, rows=4, chunk=8, learning_rate=1e-2, dropout=0.1, weight_dropout=0.1, evaluations=3
)


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


def test_validation_that_rises_early_does_not_end_the_training(book: Path) -> None:
    one = training(book, replace(RECIPE, patience=1))
    one.best_bits = 0.0

    one.evaluate()
    assert not one.is_done  # the learning rate has yet to fall, which is when it improves

    one.step = 8
    one.evaluate()
    assert one.is_done


@pytest.mark.parametrize("name", ["../evil", "", "Big", "a b", ".hidden"])
def test_name_that_is_no_file_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        Order([], name, "")


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
