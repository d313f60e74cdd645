"""Training: what is read, what is learned, how it stops and goes on, what it writes."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner, Result

from genart_core.arts.vae.data import Batches, read_pictures, squared
from genart_core.arts.vae.labels import targets
from genart_core.arts.vae.model import Autoencoder, Config
from genart_core.arts.vae.painter import load_painter
from genart_core.arts.vae.stored import load_model
from genart_core.arts.vae.train import app
from genart_core.arts.vae.training import Aims, Bound
from genart_core.errors import DamagedWeightsError
from genart_core.nn.training import Recipe, Training
from genart_core.weights import read_card
from tests.support.codes import tiny_model, write_tiny_model
from tests.support.curves import read_curves

SMALL = Config(size=16, channels=3, latent=8, widths=(4, 8, 8))


def new_training(
    faces: Path, tmp_path: Path, steps: int = 12, aims: Aims | None = None
) -> Training[Autoencoder]:
    pictures = read_pictures(
        faces, tmp_path / "store", size=16, channels=3, labels=faces / "labels.csv"
    )
    bound = Bound(*pictures, aims or Aims(), batch=16, seed=0, sheets=tmp_path / "sheets")
    network = Autoencoder(SMALL, torch.Generator().manual_seed(0))
    recipe = Recipe(steps=steps, batch=16, evaluations=2, averaging=0.9, learning_rate=5e-3)
    return Training(network, bound, recipe)


def train(*words: object, home: Path) -> Result:
    usual = ["--size", 16, "--latent", 8, "--width", 2, "--batch", 8, "--components", 2]
    return CliRunner().invoke(app, [str(word) for word in [*words, *usual, "--home", home]])


def test_every_tenth_picture_is_kept_and_all_are_squared(faces: Path, tmp_path: Path) -> None:
    labels = faces / "labels.csv"
    train, test = read_pictures(faces, tmp_path / "store", size=16, channels=3, labels=labels)

    assert (len(train), len(test)) == (54, 6)
    with Image.open(faces / "009.png") as image:
        wanted = np.asarray(image)[2:18]  # 16 wide, 20 high
    np.testing.assert_array_equal(test.images(slice(0, 1))[0].permute(1, 2, 0) * 255, wanted)
    assert test.labels is not None
    assert test.labels.codes[0, 2] == pytest.approx(
        float(labels.read_text().splitlines()[10].split(",")[3])
    )


def test_pictures_are_read_anew_when_they_have_changed(faces: Path, tmp_path: Path) -> None:
    def first() -> float:
        pictures, _ = read_pictures(faces, tmp_path / "store", size=16, channels=1)
        return pictures.images(slice(0, 1)).mean().item()

    before = first()
    assert first() == before
    Image.new("RGB", (40, 40), (255, 255, 255)).save(faces / "000.png")

    assert first() == pytest.approx(1.0)


def test_an_archive_brings_its_own_test_pictures(tmp_path: Path) -> None:
    path = tmp_path / "digits.npz"
    images = np.arange(12 * 28 * 28, dtype=np.int64).reshape(12, 28, 28).astype(np.uint8)
    np.savez(path, x_train=images, x_test=images[:3], y_train=np.zeros(12))

    train, test = read_pictures(path, tmp_path / "store", size=28, channels=1)

    assert (len(train), len(test)) == (12, 3)
    torch.testing.assert_close(
        train.images(np.array([5]))[0, 0], torch.from_numpy(images[5]).float() / 255
    )
    np.savez(path, other=images)
    with pytest.raises(ValueError, match="x_train"):
        read_pictures(path, tmp_path / "store", size=28, channels=1)


def test_an_archive_of_pickles_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "evil.npz"
    np.savez(path, x_train=np.array([{"a": 1}], dtype=object), allow_pickle=True)

    with pytest.raises(ValueError, match="no archive of arrays"):
        read_pictures(path, tmp_path / "store", size=28, channels=1)


def test_a_picture_of_16_bits_and_any_shape_becomes_a_square() -> None:
    assert squared(Image.new("RGB", (90, 40), "red"), size=8, channels=3).shape == (8, 8, 3)
    assert squared(Image.new("RGB", (40, 90), "white"), size=8, channels=1).min() == 255


def test_each_epoch_shows_every_picture_once_in_a_new_order() -> None:
    batches = Batches(10, 4, seed=0)

    seen = np.concatenate([batches[n] for n in range(5)])

    assert sorted(seen[:10]) == sorted(seen[10:]) == list(range(10))
    assert seen[:10].tolist() != seen[10:].tolist()
    assert Batches(10, 4, seed=0)[3].tolist() == batches[3].tolist()


def test_pictures_and_labels_are_learned(faces: Path, tmp_path: Path) -> None:
    training = new_training(faces, tmp_path, steps=80)
    before = training.evaluate()

    while training.progress < 1.0:
        training.advance()

    after = training.evaluate()
    assert after["mean_error"] < 0.6 * before["mean_error"]
    assert after["elbo_nats"] > before["elbo_nats"]
    network = Autoencoder(SMALL)
    network.load_state_dict(training.average)
    bound = training.objective
    assert isinstance(bound, Bound)
    assert bound.test.labels is not None
    with torch.no_grad():
        read = network.encoder(bound.train.images(slice(0, 54)))[0][:, 0]
    assert bound.train.labels is not None
    wanted = torch.from_numpy(targets(bound.train.labels))[:, 0]
    assert float(torch.stack([read, wanted]).corrcoef()[0, 1]) > 0.8
    assert sorted(path.suffix for path in (tmp_path / "sheets").iterdir()) == [".png", ".png"]


def test_the_divergence_counts_more_and_more(faces: Path, tmp_path: Path) -> None:
    aims = Aims(beta=3.0, warmup=0.5, labels=0.0, detail=0.0)
    training = new_training(faces, tmp_path, aims=aims)

    losses = [training.objective.loss(training.network, 0, p)[0].item() for p in (0, 0.25, 0.5, 1)]

    assert losses[1] - losses[0] == pytest.approx(losses[2] - losses[1], rel=1e-3)
    assert losses[3] == losses[2] > losses[0]


def test_a_stopped_training_goes_on_as_if_never_stopped(faces: Path, tmp_path: Path) -> None:
    whole = new_training(faces, tmp_path)
    for _ in range(12):
        whole.advance()

    half = new_training(faces, tmp_path)
    for _ in range(5):
        half.advance()
    half.save(tmp_path / "checkpoint.safetensors")
    rest = new_training(faces, tmp_path)
    rest.load(tmp_path / "checkpoint.safetensors")
    for _ in range(7):
        rest.advance()

    for name, tensor in whole.average.items():
        assert torch.equal(tensor, rest.average[name]), name


def test_the_command_writes_a_model_that_can_be_used(faces: Path, tmp_path: Path) -> None:
    labels = faces / "labels.csv"

    result = train(
        *(faces, "--name", "mine", "--labels", labels, "--steps", 3, "--licence", "CC0"),
        home=tmp_path,
    )

    assert result.exit_code == 0, result.output
    path = tmp_path / "models" / "vae" / "mine.safetensors"
    painter = load_painter(path, "cpu")
    assert painter.decode(torch.zeros(1, 8)).shape == (1, 3, 16, 16)
    card = read_card(path)
    assert card["command"] == (
        "genart train vae faces --name mine --labels labels.csv --steps 3 --size 16 --latent 8 "
        "--width 2 --components 2 --batch 8 --licence CC0"
    )
    assert card["licence"] == "weights trained by this project; data: CC0"
    names = [each["name"] for each in card["concepts"]]
    assert names == ["hat", "blue", "red", "size"]
    assert painter.reach.directions[painter.reach.names.index("blue")].shape == (8,)
    assert card["log"][-1]["steps"] == 3
    assert {"elbo_nats", "kl_nats", "mixture_nats"} <= set(card["metrics"])
    assert (card["size"], card["channels"], card["latent"]) == (16, 3, 8)
    assert list((tmp_path / "runs" / "vae" / "mine").glob("*.png"))


def test_the_training_is_drawn_as_curves(faces: Path, tmp_path: Path) -> None:
    result = train(faces, "--name", "mine", "--steps", 2, home=tmp_path)

    assert result.exit_code == 0, result.output
    curves = read_curves(tmp_path / "runs" / "vae" / "mine.tensorboard")
    assert {"training/loss", "training/learning_rate", "validation/elbo_nats"} <= set(curves)
    assert [step for step, _ in curves["validation/kl_nats"]] == [1, 2]
    assert all(value > 0 for _, value in curves["training/loss"])


def test_without_labels_there_are_no_concepts_and_a_successor_tells_its_lineage(
    faces: Path, tmp_path: Path
) -> None:
    first = train(faces, "--name", "first", "--steps", 1, "--grey", home=tmp_path)
    second = train(
        *(faces, "--name", "second", "--steps", 1, "--grey", "--init", "first"), home=tmp_path
    )

    assert first.exit_code == second.exit_code == 0, first.output + second.output
    card = read_card(tmp_path / "models" / "vae" / "second.safetensors")
    assert "concepts" not in card
    assert card["command"].endswith("--init first")
    assert "--name first" in card["lineage"][0]["command"]
    other = train(faces, "--name", "third", "--steps", 1, "--init", "first", home=tmp_path)
    assert other.exit_code == 2
    assert "is needed" in other.output


def test_an_interrupted_command_is_resumed(
    faces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss = Bound.loss

    def interrupted(
        self: Bound, network: Autoencoder, step: int, progress: float
    ) -> tuple[torch.Tensor, str]:
        if step == 2:
            signal.raise_signal(signal.SIGINT)
        return loss(self, network, step, progress)

    with monkeypatch.context() as patch:
        patch.setattr(Bound, "loss", interrupted)
        stopped = train(faces, "--name", "mine", "--steps", 5, home=tmp_path)
    again = train(faces, "--name", "mine", "--steps", 5, home=tmp_path)
    changed = train(faces, "--name", "mine", "--steps", 5, "--resume", "--beta", 2, home=tmp_path)
    resumed = train(faces, "--name", "mine", "--steps", 5, "--resume", home=tmp_path)
    whole = train(faces, "--name", "whole", "--steps", 5, home=tmp_path)

    assert (stopped.exit_code, again.exit_code, changed.exit_code) == (130, 2, 2)
    assert "--resume" in again.output
    assert resumed.exit_code == whole.exit_code == 0, resumed.output
    models = [load_model(tmp_path / f"models/vae/{name}.safetensors") for name in ("mine", "whole")]
    for name, tensor in models[0].network.state_dict().items():
        assert torch.equal(tensor, models[1].network.state_dict()[name]), name


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--name", "Bad Name"], "The name is"),
        (["--name", "a", "--init", "nope"], "Unknown model"),
        (["--name", "a", "--device", "cuda:99"], "is not there"),
    ],
)
def test_what_cant_be_trained_is_told_in_a_line(
    faces: Path, tmp_path: Path, words: list[str], told: str
) -> None:
    result = train(faces, *words, home=tmp_path)

    assert result.exit_code == 2
    assert told in " ".join(result.output.split())


def test_it_is_told_that_a_model_which_ships_hides_another_of_its_name(
    faces: Path, tmp_path: Path
) -> None:
    result = train(faces, "--name", "digits", "--steps", 1, home=tmp_path)

    assert result.exit_code == 0, result.output
    told = f"{tmp_path}/models/vae/digits.safetensors is hidden by vae/digits, which ships"
    assert result.output.count(told) == 2


def test_a_damaged_picture_is_named_before_the_training(faces: Path, tmp_path: Path) -> None:
    (faces / "031.png").write_bytes((faces / "031.png").read_bytes()[:60])

    result = train(faces, "--name", "mine", "--steps", 1, home=tmp_path)

    assert result.exit_code == 2
    assert "031.png can't be read" in " ".join(result.output.replace("│", " ").split())
    assert not [*(tmp_path / "runs").rglob("*.part")]


def test_labels_that_a_code_has_no_room_for_are_refused(faces: Path, tmp_path: Path) -> None:
    words = [faces, "--name", "a", "--labels", faces / "labels.csv", "--home", tmp_path]
    words += ["--size", 16, "--latent", 4, "--width", 2]

    result = CliRunner().invoke(app, [str(word) for word in words])

    assert result.exit_code == 2
    assert "take 5 numbers of a code that has 4" in " ".join(result.output.split())


def test_a_model_comes_back_as_it_was_stored(tmp_path: Path) -> None:
    model, path = tiny_model(), write_tiny_model(tmp_path / "tiny.safetensors")

    stored = load_model(path)

    points = torch.randn(4, 6, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        difference = stored.network.decoder(points) - model.network.decoder(points)
    assert difference.abs().mean() < 0.02  # bfloat16
    torch.testing.assert_close(stored.mixture.roots, model.mixture.roots)
    torch.testing.assert_close(stored.concepts, model.concepts)
    assert json.dumps(stored.card["concepts"]) == json.dumps(model.card["concepts"])


def test_a_file_of_something_else_is_no_autoencoder(tmp_path: Path) -> None:
    path = write_tiny_model(tmp_path / "tiny.safetensors")
    data = path.read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(data[:-50])
    (tmp_path / "other.safetensors").write_bytes(data.replace(b"autoencoder", b"autodecoder"))

    for name in ("cut", "other"):
        with pytest.raises(DamagedWeightsError):
            load_model(tmp_path / f"{name}.safetensors")
