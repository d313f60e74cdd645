"""Pictures with the networks that can be pulled, an eighth as wide."""

from pathlib import Path

import pytest
import torch

from genart_core.arts.style.generate import generate
from genart_core.arts.style.layers import choose_layers
from genart_core.arts.style.losses import evaluate
from genart_core.arts.style.pyramid import Manner, Painter
from genart_core.arts.style.targets import Weights, make_goal
from genart_core.arts.style.tiles import Tiled
from genart_core.nn.conversion import convert
from genart_core.nn.features import Network
from genart_core.nn.graph import Recorder
from genart_core.public import PUBLIC
from tests.support.public import write_state

from .conftest import RED, FakeRun, FakeWorkbench, known_layers, landscape, stripes

DEFAULTS = {
    "vgg19": (["relu4_2"], ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]),
    "googlenet": (["inception3b"], ["conv1", "conv2", "inception3a", "inception4a"]),
    "inception_v3": (
        ["Mixed_5c"],
        ["Conv2d_1a_3x3", "Conv2d_3b_1x1", "Mixed_5b", "Mixed_6a"],
    ),
}


@pytest.fixture(scope="module", params=list(DEFAULTS))
def bench(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> "Bench":
    name = str(request.param)
    target = tmp_path_factory.mktemp(name) / f"{name}.safetensors"
    convert(write_state(target.with_suffix(".pth"), name), target, PUBLIC[name])
    return Bench(name, target)


class Bench(FakeWorkbench):
    """A workbench with one of the public networks."""

    def __init__(self, name: str, path: Path) -> None:
        super().__init__(path)
        self.name = name
        self.network: Network = self._held


def test_what_is_looked_at_is_no_pooling(bench: Bench) -> None:
    layers = choose_layers(None, None, known_layers(bench.network))

    assert (list(layers.content), list(layers.style)) == DEFAULTS[bench.name]


def test_each_paints(bench: Bench) -> None:
    run = FakeRun(landscape(64, 96), stripes(RED, height=20, width=90), size=96, scales=2)

    generate([run], bench)

    assert run.failure is None
    assert run.losses["total"][-1] < run.losses["total"][0]


def test_tiles_give_the_gradient_of_one_piece(bench: Bench) -> None:
    network = bench.network
    layers = choose_layers(None, None, known_layers(network))
    extractor = network.cut(layers.names)
    weights = Weights(1.0, 20.0, 3.0, (1.0,))
    painter = Painter(extractor, Manner(layers, weights, [300], 1), Recorder("cpu"))
    image = torch.rand(1, 3, 150, 300, generator=torch.Generator().manual_seed(1))
    whole, tiled = Tiled(extractor, 512, 0), Tiled(extractor, 64, painter._needs().halo)
    goal = make_goal(
        lambda picture: whole,
        layers,
        weights,
        content=landscape(150, 300)[None],
        styles=[stripes(RED)[None]],
        masks=None,
    )

    losses, gradient = tiled.evaluate(goal, image)

    expected, slope = evaluate(extractor, goal, image)
    torch.testing.assert_close(losses, expected, rtol=1e-4, atol=1e-7)
    assert (gradient - slope).norm() < 1e-4 * slope.norm()
