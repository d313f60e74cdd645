from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from genart_core.nn.report import Report
from tests.support.curves import read_curves


def test_figures_become_points_of_curves(tmp_path: Path) -> None:
    with Report(Console(file=StringIO()), "pictures", curves=tmp_path) as report:
        report.figures(10, {"accuracy": 0.25})
        report.figures(20, {"accuracy": 0.5, "error": 2.0})

    assert read_curves(tmp_path) == {
        "validation/accuracy": [(10, 0.25), (20, 0.5)],
        "validation/error": [(20, 2.0)],
    }


def test_losses_are_drawn_every_few_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr("genart_core.nn.report.time.monotonic", lambda: clock[0])
    with Report(Console(file=StringIO()), "pictures", curves=tmp_path) as report:
        for step, seconds in ((1, 0.0), (2, 1.0), (3, 5.0)):
            clock[0] += seconds
            report.step(step / 3, "", 32.0)
            report.losses(step, {"loss": float(step)})

    curves = read_curves(tmp_path)
    assert curves["training/loss"] == [(1, 1.0), (3, 3.0)]
    assert curves["training/pictures_per_second"] == [(1, 32.0), (3, 32.0)]


def test_a_training_that_goes_on_goes_on_with_its_curves(tmp_path: Path) -> None:
    for step in (1, 2):
        with Report(Console(file=StringIO()), "pictures", curves=tmp_path) as report:
            report.figures(step, {"accuracy": step / 4})

    assert sorted(read_curves(tmp_path)["validation/accuracy"]) == [(1, 0.25), (2, 0.5)]


def test_without_a_folder_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Report(Console(file=StringIO()), "pictures") as report:
        report.figures(1, {"accuracy": 1.0})

    assert list(tmp_path.iterdir()) == []
