import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from torch import Tensor, nn

from genart_core.errors import DamagedWeightsError
from genart_core.nn.conversion import class_names, convert
from genart_core.nn.features import Network, load_network
from genart_core.public import PUBLIC
from genart_core.weights import read_card
from tests.support.public import FACTOR, small_network, write_state

# Layers by the names of torchvision's modules; those of VGG are the papers', its modules numbers.
VGG19_RECTIFIERS = {"relu1_1": 1, "relu2_2": 8, "relu3_1": 11, "relu4_4": 26, "relu5_1": 29}
LAYERS = {
    "vgg16": {"relu1_2": "features.3", "relu5_3": "features.29", "pool5": "features.30"},
    "vgg19": {name: f"features.{place}" for name, place in VGG19_RECTIFIERS.items()},
    "googlenet": {
        name: name
        for name in (
            *("conv1", "maxpool1", "conv3", "maxpool2", "inception3a", "inception3b", "maxpool3"),
            *(f"inception4{letter}" for letter in "abcde"),
            *("maxpool4", "inception5a", "inception5b"),
        )
    },
    "inception_v3": {
        name: name
        for name in (
            *("Conv2d_1a_3x3", "Conv2d_2b_3x3", "maxpool1", "Conv2d_4a_3x3", "maxpool2"),
            *("Mixed_5b", "Mixed_5c", "Mixed_5d", "Mixed_6a", "Mixed_6b", "Mixed_6c", "Mixed_6d"),
            *("Mixed_6e", "Mixed_7a", "Mixed_7b", "Mixed_7c"),
        )
    },
}
SMALLEST = {"vgg16": 32, "vgg19": 32, "googlenet": 15, "inception_v3": 75}  # torchvision's min_size
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module", params=list(PUBLIC))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def path(name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(name)
    target = folder / f"{name}.safetensors"
    convert(write_state(folder / "state.pth", name), target, PUBLIC[name])
    return target


@pytest.fixture(scope="module")
def network(path: Path) -> Network:
    return load_network(path, "cpu")


def pictures(side: int = 96) -> Tensor:
    return torch.rand(2, 3, side, side + 17, generator=torch.Generator().manual_seed(3))


def test_activations_are_those_of_torchvision(name: str, network: Network) -> None:
    theirs = small_network(name)
    seen: dict[str, Tensor] = {}

    def keep(layer: str) -> Any:
        def hook(_module: nn.Module, _inputs: object, output: Tensor) -> None:
            seen[layer] = output.clone()  # the next rectifier may work in place

        return hook

    for layer, module in LAYERS[name].items():
        theirs.get_submodule(module).register_forward_hook(keep(layer))
    with torch.inference_mode():
        seen["logits"] = theirs((pictures() - MEAN) / STD)
        ours = network.cut([*LAYERS[name], "logits"], dtype=torch.float32)(pictures())

    assert set(ours) == set(seen)
    for layer, wanted in seen.items():
        scale = float(wanted.abs().max())
        assert scale > 0
        torch.testing.assert_close(ours[layer], wanted, atol=2e-5 * scale, rtol=1e-3)


def test_gradients_reach_the_picture(name: str, network: Network) -> None:
    image = pictures().requires_grad_()
    deepest = list(LAYERS[name])[-1]

    network.cut([deepest], dtype=torch.float32)(image)[deepest].square().mean().backward()

    assert image.grad is not None
    assert image.grad.isfinite().all()
    assert image.grad.abs().sum() > 0


def test_the_card_lists_the_layers_as_they_are(name: str, path: Path, network: Network) -> None:
    card = read_card(path)

    assert card["source"].endswith(PUBLIC[name].file)
    assert card["source_sha256"] == PUBLIC[name].sha256
    assert "ImageNet" in card["licence"]
    told = {each["name"]: (each["channels"], each["stride"]) for each in card["layers"]}
    assert told == {n: (layer.channels, layer.stride) for n, layer in network.layers.items()}
    assert set(LAYERS[name]) < set(told)
    extractor = network.cut(list(LAYERS[name]), dtype=torch.float32)
    for layer, activation in extractor(torch.rand(1, 3, 512, 512)).items():
        channels, stride = told[layer]
        assert activation.shape[1] == channels
        assert activation.shape[-1] == pytest.approx(512 / stride, abs=5)


def test_batch_norm_and_auxiliary_heads_are_gone(path: Path) -> None:
    with safe_open(path, framework="pt") as file:
        names = list(file.keys())

    assert not [name for name in names if ".bn." in name or "aux" in name.lower()]


def test_the_smallest_picture_is_known(name: str, network: Network) -> None:
    extractor = network.cut(["logits"], dtype=torch.float32)

    assert extractor.smallest == SMALLEST[name]
    assert extractor(torch.rand(1, 3, extractor.smallest, extractor.smallest))["logits"].numel()
    with pytest.raises(ValueError, match=f"at least {SMALLEST[name]}"):
        extractor(torch.rand(1, 3, 300, SMALLEST[name] - 1))


def test_what_one_place_sees_stays_within_the_receptive_field(network: Network) -> None:
    layer = list(network.layers)[7]
    extractor = network.cut([layer], dtype=torch.float32)
    image = torch.rand(1, 3, 400, 400, requires_grad=True)

    activation = extractor(image)[layer]
    middle = activation.shape[-1] // 2
    activation[0, :, middle, middle].sum().backward()

    assert image.grad is not None
    touched = image.grad.abs().sum(dim=(0, 1)).nonzero()
    spans = touched.max(dim=0).values - touched.min(dim=0).values + 1
    assert int(spans.max()) <= extractor.receptive_field
    assert int(spans.max()) > extractor.receptive_field // 2


def test_the_classes_are_those_of_imagenet() -> None:
    names = class_names(1000)

    assert len(names) == 1000
    assert names[0] == "tench"
    assert class_names(1000 // FACTOR) == ()


class TestDamage:
    def test_another_network_is_told(self, tmp_path: Path) -> None:
        state = write_state(tmp_path / "state.pth", "googlenet")

        with pytest.raises(DamagedWeightsError, match=r"state\.pth does not hold vgg16"):
            convert(state, tmp_path / "x.safetensors", PUBLIC["vgg16"])

        assert sorted(p.name for p in tmp_path.iterdir()) == ["state.pth"]

    @pytest.mark.parametrize(
        "data", [b"", b"hello", b"PK\x03\x04" + bytes(200), b"\x80\x02}q\x00."]
    )
    def test_no_state_is_told(self, tmp_path: Path, data: bytes) -> None:
        (tmp_path / "state.pth").write_bytes(data)

        with pytest.raises(DamagedWeightsError):
            convert(tmp_path / "state.pth", tmp_path / "x.safetensors", PUBLIC["googlenet"])

    def test_a_forged_file_runs_nothing(self, tmp_path: Path) -> None:
        mark = tmp_path / "mark"
        torch.save({"conv1.conv.weight": Forged(mark)}, tmp_path / "state.pth")

        with pytest.raises(DamagedWeightsError):
            convert(tmp_path / "state.pth", tmp_path / "x.safetensors", PUBLIC["googlenet"])

        assert not mark.exists()

    def test_a_file_with_another_architecture_is_told(self, path: Path, tmp_path: Path) -> None:
        data = path.read_bytes()
        with safe_open(path, framework="pt") as file:
            name = json.loads(file.metadata()["network"])["architecture"]
        broken = tmp_path / "x.safetensors"
        broken.write_bytes(data.replace(name.encode(), b"?" * len(name), 1))
        changed = data.replace(f'"{name}'.encode(), b'"' + b"?" * len(name))
        broken.write_bytes(changed.replace(f'\\"{name}'.encode(), b'\\"' + b"?" * len(name)))

        with pytest.raises(DamagedWeightsError):
            load_network(broken, "cpu")

    def test_a_stopped_conversion_leaves_nothing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        state = write_state(tmp_path / "state.pth", "googlenet")
        target = tmp_path / "models" / "x.safetensors"

        def interrupt(_descriptor: int) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("os.fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            convert(state, target, replace(PUBLIC["googlenet"]))

        assert list(target.parent.iterdir()) == []


class Forged:
    """An object whose unpickling would make a folder."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.mkdir, (self.mark,)
