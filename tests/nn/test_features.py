"""Named activations: what is cut, measured, promised and refused."""

import gc
import itertools
import weakref
from pathlib import Path

import pytest
import torch
from torch import Tensor

from genart_core.errors import DamagedWeightsError
from genart_core.nn import backbone
from genart_core.nn.backbone import Backbone, Config, folded
from genart_core.nn.features import MOST_CUTS, Extractor, Network, load_network
from tests.support.features import CLASSES, TINY, tiny_network, write_tiny_network

LAYERS = ["relu1_1", "relu3_2", "relu5_1"]


@pytest.fixture
def network(tmp_path: Path) -> Network:
    return tiny_network(tmp_path)


@pytest.fixture
def images() -> Tensor:
    return torch.rand(2, 3, 48, 64, generator=torch.Generator().manual_seed(1))


def test_layers_are_listed_from_shallow_to_deep_with_channels_and_strides(network: Network) -> None:
    assert list(network.layers) == list(backbone.STAGES)
    assert [layer.stride for layer in network.layers.values()] == list(backbone.STRIDES)
    assert network.layers["relu3_1"].channels == TINY.widths[2]
    assert network.classes == CLASSES


def test_activations_are_those_of_the_whole_network(tmp_path: Path, images: Tensor) -> None:
    network = tiny_network(tmp_path)
    whole = Backbone(TINY, torch.Generator().manual_seed(0))
    whole.load_state_dict({k: v.bfloat16().float() for k, v in whole.state_dict().items()})

    got = network.cut(LAYERS, dtype=torch.float32)(images)

    wanted = whole(images)
    assert list(got) == LAYERS
    for name in LAYERS:
        torch.testing.assert_close(got[name], wanted[name], rtol=1e-4, atol=1e-5)


def test_a_cut_holds_nothing_below_its_deepest_layer(network: Network) -> None:
    extractor = network.cut(["relu2_1", "relu3_1"])

    assert list(extractor.stages) == ["relu1_1", "relu2_1", "relu3_1"]
    assert extractor.stride == 4
    assert not any(parameter.requires_grad for parameter in extractor.parameters())


def test_the_same_cut_is_made_once(network: Network) -> None:
    assert network.cut(["relu2_1", "relu3_1"]) is network.cut(["relu3_1", "relu2_1"])


def test_however_many_cuts_are_made_weights_lie_in_memory_once(network: Network) -> None:
    def held(*cuts: list[str]) -> set[int]:
        found = [network.cut(layers, dtype=torch.float32) for layers in cuts]
        stages = [stage for cut in found for stage in cut.stages.values()]
        tensors = [t for stage in stages for t in (*stage.parameters(), *stage.buffers())]
        return {tensor.data_ptr() for tensor in tensors if tensor.numel()}

    deepest = [name for name in network.layers if name != "logits"]

    assert held(*([name, deepest[-1]] for name in deepest[:-1]), deepest) == held(deepest)


def test_gradients_pass_what_was_first_cut_where_there_are_none(
    network: Network, images: Tensor
) -> None:
    with torch.inference_mode():
        network.cut(["relu3_2"], dtype=torch.float32)(images)
    images.requires_grad_()

    for layers in (["relu3_2"], ["relu2_1"]):
        found = network.cut(layers, dtype=torch.float32)(images)
        (gradient,) = torch.autograd.grad(found[layers[0]].sum(), images)
        assert gradient.abs().sum() > 0


def test_a_cut_that_is_not_asked_for_again_is_given_up(network: Network) -> None:
    names = [name for name in network.layers if name != "logits"]
    choices = [c for n in (1, 2, 3) for c in itertools.combinations(names, n)][: MOST_CUTS + 2]
    assert len(choices) > MOST_CUTS
    first = weakref.ref(network.cut(choices[0]))

    for layers in choices[1:]:
        assert list(network.cut(layers).layers) == list(layers)
    gc.collect()

    assert first() is None


def test_an_activation_is_not_overwritten_by_the_layers_after_it(
    network: Network, images: Tensor
) -> None:
    alone = network.cut(["relu2_1"], dtype=torch.float32)(images)["relu2_1"]

    among = network.cut(["relu2_1", "relu5_2"], dtype=torch.float32)(images)["relu2_1"]

    assert torch.equal(alone, among)


def test_pictures_of_every_shape_down_to_one_place_are_taken(network: Network) -> None:
    extractor = network.cut(["relu5_2", "logits"])
    for height, width in ((16, 16), (17, 40), (333, 16)):
        found = extractor(torch.rand(1, 3, height, width))
        assert found["relu5_2"].shape[-2:] == (height // 16, width // 16)
        assert found["logits"].shape == (1, len(CLASSES))

    with pytest.raises(ValueError, match="15 x 20 px but the network needs at least 16"):
        extractor(torch.rand(1, 3, 20, 15))


def test_unknown_layers_are_named_with_the_known_ones(network: Network) -> None:
    with pytest.raises(ValueError, match=r"conv9.*known: relu1_1, .*logits"):
        network.cut(["relu1_1", "conv9"])


def test_the_receptive_field_is_where_a_place_stops_seeing(network: Network) -> None:
    extractor = network.cut(["relu3_2"], dtype=torch.float32)
    span = extractor.receptive_field
    image = torch.rand(1, 3, 64, 64, requires_grad=True)

    place = extractor(image)["relu3_2"][0, :, 8, 8].sum()
    (gradient,) = torch.autograd.grad(place, image)

    columns = gradient.abs().sum((0, 1, 2)).nonzero().flatten()
    assert columns.max() - columns.min() + 1 <= span
    assert span == 1 + 2 + 1 + 4 + 2 + 8 + 8  # of convolutions and poolings in their order


def test_the_promised_memory_is_not_less_than_what_autograd_keeps(network: Network) -> None:
    extractor: Extractor = network.cut(["relu2_1", "relu5_2"], dtype=torch.float32)
    side = 256
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    image = torch.rand(1, 3, side, side, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        activations = extractor(image)

    held = sum(kept.values())
    assert activations
    assert held < extractor.bytes_per_pixel * side**2 < 3 * held


def test_folding_changes_no_activation(images: Tensor) -> None:
    config = Config(TINY.widths, TINY.squeezes, neck=8, classes=3, batch_norm=True)
    network = Backbone(config, torch.Generator().manual_seed(3)).train()
    for _ in range(3):
        network(images)  # moves the running statistics away from 0 and 1
    network.eval()

    plain = folded(network)

    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in plain.modules())
    wanted = network(images)
    for name, activation in plain(images).items():
        torch.testing.assert_close(activation, wanted[name], rtol=1e-4, atol=1e-4)


def test_a_file_that_is_no_network_is_told(tmp_path: Path) -> None:
    path = write_tiny_network(tmp_path / "tiny.safetensors")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(DamagedWeightsError, match="tiny.safetensors is not a feature network"):
        load_network(path, "cpu")
