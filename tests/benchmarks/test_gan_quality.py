"""How likeness is measured, against what can be known without measuring."""

from pathlib import Path

import pytest
import torch

from benchmarks import gan_truncation
from benchmarks.gan_quality import load_features, main, rows_of, share_of
from benchmarks.rig.likeness import Gaussian, frechet_distance, precision_and_recall
from genart_core.arts.gan.painter import load_painter
from tests.support.gan import write_archive, write_tiny_generator
from tests.support.photos import write_teacher


def gaussian(mean: list[float], covariance: list[list[float]]) -> Gaussian:
    return Gaussian(torch.tensor(mean).double(), torch.tensor(covariance).double())


def test_the_distance_of_diagonal_gaussians_is_that_of_means_and_deviations() -> None:
    one = gaussian([0.0, 1.0], [[4.0, 0.0], [0.0, 9.0]])
    other = gaussian([3.0, -1.0], [[1.0, 0.0], [0.0, 16.0]])

    wanted = (9.0 + 4.0) + (2.0 - 1.0) ** 2 + (3.0 - 4.0) ** 2
    assert frechet_distance(one, other) == pytest.approx(wanted, rel=1e-12)


def test_the_distance_is_what_the_square_root_of_the_product_gives() -> None:
    random = torch.Generator().manual_seed(0)
    a, b = (torch.randn(5, 5, generator=random, dtype=torch.float64) for _ in range(2))
    one, other = Gaussian(torch.zeros(5).double(), a @ a.T), Gaussian(a[0], b @ b.T)

    values = torch.linalg.eigvals(one.covariance @ other.covariance).real.clamp(min=0)
    wanted = a[0].square().sum() + (one.covariance + other.covariance).trace()
    wanted = wanted - 2.0 * values.sqrt().sum()

    assert frechet_distance(one, other) == pytest.approx(wanted.item(), rel=1e-9)
    assert frechet_distance(other, one) == pytest.approx(wanted.item(), rel=1e-9)
    assert frechet_distance(one, one) == pytest.approx(0.0, abs=1e-6)


def test_features_with_a_fixed_direction_have_a_distance() -> None:
    flat = torch.randn(50, 4)
    flat[:, 3] = 2.0

    assert frechet_distance(Gaussian.of(flat), Gaussian.of(flat)) == pytest.approx(0.0, abs=1e-4)


def test_precision_is_lost_by_what_is_not_real_and_recall_by_what_is_not_drawn() -> None:
    random = torch.Generator().manual_seed(0)
    near, far = torch.randn(100, 8, generator=random), 50 + torch.randn(100, 8, generator=random)
    both = torch.cat([near, far])

    assert precision_and_recall(both, both) == (1.0, 1.0)
    assert precision_and_recall(near, far) == (0.0, 0.0)
    precision, recall = precision_and_recall(near, both)
    assert (precision, recall) == (0.5, 1.0)
    precision, recall = precision_and_recall(both, near)
    assert (precision, recall) == (1.0, 0.5)


def test_the_share_is_of_what_lies_above_the_floor() -> None:
    found = {
        name: [{"distance": distance, "precision": 0.5, "recall": 0.25}] * 2
        for name, distance in (("train", 1.0), ("ours", 3.0), ("textbook", 5.0))
    }

    assert share_of(found) == 0.5
    assert share_of({name: found[name] for name in ("train", "ours")}) is None
    assert rows_of(found)[1] == ["ours", "3.000", "3.000 3.000", "2.000", "0.500", "0.250"]


def test_a_network_that_was_trained_here_is_no_yardstick(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no public network"):
        load_features(tmp_path / "features.safetensors", 64)


def test_the_command_prints_a_table_and_judges(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = [str(write_tiny_generator(tmp_path / f"{name}.safetensors")) for name in "ab"]
    words = ["--features", write_teacher(tmp_path), "--data", write_archive(tmp_path / "discs.npz")]

    code = main([*models, *map(str, words), "--count", "12", "--seeds", "2", "--side", "32"])

    printed = capsys.readouterr().out
    assert "real (train), the floor" in printed
    assert printed.count("| a ") == printed.count("| b ") == 1
    assert "first over last: 1.000" in printed  # they are the same
    assert code == 1


def test_each_truncation_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = write_tiny_generator(tmp_path / "a.safetensors")
    words = ["--features", write_teacher(tmp_path), "--data", write_archive(tmp_path / "discs.npz")]

    code = gan_truncation.main([str(model), *map(str, words), "--count", "12"])

    printed = capsys.readouterr().out
    rows = [line.split("|")[1:-1] for line in printed.splitlines() if line.startswith("|")]
    assert [row[0].strip() for row in rows[2:]] == ["1", "0.7", "0.5", "0.3", "0.1"]
    assert all(float(figure) >= 0 for row in rows[2:] for figure in row[1:])
    assert code == 0
    painter = load_painter(model, "cpu")
    whole, led = (gan_truncation.drawn(painter, 6, truncation) for truncation in (1.0, 0.3))
    assert whole.shape == led.shape == (6, 16, 16, 3)
    assert (whole != led).any((1, 2, 3)).all()
