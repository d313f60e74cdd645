"""Training of feature networks: what it learns, how it stops and goes on, what it writes."""

import signal
from io import StringIO
from pathlib import Path

import pytest
import torch
from rich.console import Console

from genart_core.nn.backbone import Backbone, Config
from genart_core.nn.objectives import Distillation, divergence, error, forced
from genart_core.nn.photos import Crops, find_photos
from genart_core.nn.report import Report
from genart_core.nn.teacher import load_teacher
from genart_core.nn.training import Recipe, Training, run

RECIPE = Recipe(steps=12, batch=4, evaluations=2)


def new_training(photos: Path, teacher: Path, recipe: Recipe = RECIPE) -> Training[Backbone]:
    model = load_teacher(teacher)
    train, test = find_photos([photos])
    config = Config((4, 4, 8, 8, 8), (8, 8, 8), neck=8, classes=3)
    crops = Crops(train, batch=recipe.batch, side=32, seed=0)
    network = Backbone(config, torch.Generator().manual_seed(0))
    return Training(network, Distillation(model, crops, test), recipe)


def test_a_student_comes_nearer_to_its_teacher(photos: Path, teacher: Path) -> None:
    training = new_training(photos, teacher, Recipe(steps=60, batch=4, averaging=0.9))
    before = training.evaluate()

    for _ in range(60):
        training.advance()

    after = training.evaluate()
    for name in ("error_relu3_2", "error_relu4_2", "error_relu5_2"):
        assert after[name] < 0.8 * before[name]


def test_bfloat16_brings_nearly_the_same_loss(photos: Path, teacher: Path) -> None:
    model = load_teacher(teacher)
    training = new_training(photos, teacher)
    crops = Crops(find_photos([photos])[0], batch=4, side=32, seed=0)
    exact = Distillation(model, crops, [])
    rough = Distillation(model, crops, [], dtype=torch.bfloat16)

    losses = [one.loss(training.network, 0, 1.0)[0] for one in (exact, rough)]

    assert losses[1].dtype == torch.float32
    assert 0.0 < abs(losses[0].item() - losses[1].item()) < 0.03 * losses[0].item()


def test_weight_and_share_of_what_is_told_are_options(photos: Path, teacher: Path) -> None:
    model = load_teacher(teacher)
    network = new_training(photos, teacher).network
    crops = Crops(find_photos([photos])[0], batch=4, side=32, seed=0)

    def loss(progress: float, forced: float = 0.75, logits: float = 0.5) -> float:
        objective = Distillation(model, crops, [], forced=forced, logits=logits)
        return objective.loss(network, 0, progress)[0].item()

    images = crops[0]
    nats = divergence(network(images)["logits"], model(images)["logits"]).item()
    assert loss(1.0, logits=3.0) - loss(1.0, logits=1.0) == pytest.approx(2.0 * nats, rel=1e-3)
    assert loss(0.0, forced=0.0) == pytest.approx(loss(1.0, forced=0.75), rel=1e-6)
    assert loss(0.0, forced=0.75) != pytest.approx(loss(0.0, forced=0.0), rel=1e-3)


def test_stages_learn_from_the_teachers_own_activations(photos: Path, teacher: Path) -> None:
    model = load_teacher(teacher)
    network = new_training(photos, teacher).network
    images = torch.rand(3, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    wanted = {name: t.clone() for name, t in model(images).items()}

    got = forced(network, images, wanted, 2)

    fed = network.stages["relu3_2"](wanted["relu3_1"])
    torch.testing.assert_close(got["relu3_2"][:2], fed[:2])
    torch.testing.assert_close(got["relu3_2"][2:], network(images)["relu3_2"][2:])


def test_a_perfect_student_has_no_error() -> None:
    activations = torch.randn(2, 3, 4, 4)
    logits = torch.randn(2, 5)

    assert error(activations, activations) == 0
    assert error(activations.mean((0, 2, 3), keepdim=True).expand(2, 3, 4, 4), activations) == (
        pytest.approx(1.0, rel=1e-5)
    )
    assert divergence(logits, logits + 3.0).item() == pytest.approx(0.0, abs=1e-6)
    assert divergence(logits, -logits) > 0


def test_a_stopped_training_goes_on_as_if_never_stopped(
    photos: Path, teacher: Path, tmp_path: Path
) -> None:
    whole = new_training(photos, teacher)
    for _ in range(12):
        whole.advance()

    half = new_training(photos, teacher)
    for _ in range(5):
        half.advance()
    half.save(tmp_path / "checkpoint.safetensors")
    rest = new_training(photos, teacher)
    rest.load(tmp_path / "checkpoint.safetensors")
    for _ in range(7):
        rest.advance()

    for name, tensor in whole.average.items():
        assert torch.equal(tensor, rest.average[name]), name


def test_a_network_with_channels_last_goes_on_as_if_never_stopped(
    photos: Path, teacher: Path, tmp_path: Path
) -> None:
    def begun() -> Training[Backbone]:
        training = new_training(photos, teacher)
        training.network.to(memory_format=torch.channels_last)
        return training

    whole, half, rest = begun(), begun(), begun()
    for _ in range(8):
        whole.advance()
    for _ in range(4):
        half.advance()
    half.save(tmp_path / "checkpoint.safetensors")
    rest.load(tmp_path / "checkpoint.safetensors")
    for _ in range(4):
        rest.advance()

    for name, tensor in whole.average.items():
        assert torch.equal(tensor, rest.average[name]), name


def test_a_checkpoint_of_other_options_is_refused(
    photos: Path, teacher: Path, tmp_path: Path
) -> None:
    first, other = new_training(photos, teacher), new_training(photos, teacher)
    first.options, other.options = {"beta": 1.0}, {"beta": 2.0}
    first.save(tmp_path / "checkpoint.safetensors")

    with pytest.raises(ValueError, match="made with another recipe"):
        other.load(tmp_path / "checkpoint.safetensors")
    other.options = {"beta": 1.0}
    other.load(tmp_path / "checkpoint.safetensors")


def test_a_checkpoint_of_another_recipe_is_refused(
    photos: Path, teacher: Path, tmp_path: Path
) -> None:
    new_training(photos, teacher).save(tmp_path / "checkpoint.safetensors")
    other = new_training(photos, teacher, Recipe(steps=13, batch=4))
    with pytest.raises(ValueError, match="made with another recipe"):
        other.load(tmp_path / "checkpoint.safetensors")


def test_an_interrupt_saves_before_it_ends(photos: Path, teacher: Path, tmp_path: Path) -> None:
    training = new_training(photos, teacher, Recipe(minutes=60, batch=4))
    advance = training.advance

    def interrupted() -> str:
        if training.step == 2:
            signal.raise_signal(signal.SIGINT)
        return advance()

    training.advance = interrupted  # type: ignore[method-assign]
    with Report(Console(file=StringIO()), "pictures") as report:
        is_done = run(training, report, tmp_path / "checkpoint.safetensors")

    assert not is_done
    rest = new_training(photos, teacher, Recipe(minutes=60, batch=4))
    rest.load(tmp_path / "checkpoint.safetensors")
    assert rest.step == training.step == 3
