"""Training of feature networks: what it learns, how it stops and goes on, what it writes."""

import json
import signal
from io import StringIO
from pathlib import Path

import pytest
import torch
from rich.console import Console
from safetensors.torch import load_file
from typer.testing import CliRunner, Result

from genart_core.nn.backbone import Backbone, Config
from genart_core.nn.backbone_train import app
from genart_core.nn.features import load_network
from genart_core.nn.objectives import Distillation, divergence, error, forced
from genart_core.nn.photos import Crops, find_photos
from genart_core.nn.report import Report
from genart_core.nn.teacher import load_teacher
from genart_core.nn.training import Recipe, Training, run
from genart_core.weights import find_model, read_card
from tests.support.curves import read_curves
from tests.support.photos import draw_photos, write_teacher

RECIPE = Recipe(steps=12, batch=4, evaluations=2)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return draw_photos(tmp_path / "photos")


@pytest.fixture
def teacher(tmp_path: Path) -> Path:
    return write_teacher(tmp_path)


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
