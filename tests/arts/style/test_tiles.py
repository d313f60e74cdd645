"""Tile by tile as in one piece."""

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from genart_core.arts.style.layers import Layers
from genart_core.arts.style.losses import evaluate
from genart_core.arts.style.memory import Needs
from genart_core.arts.style.targets import Weights, apart, make_goal
from genart_core.arts.style.tiles import StoppedError, Tiled, cut
from genart_core.nn.features import Extractor, Network

from .conftest import BLUE, RED, landscape, stripes


@pytest.fixture
def extractor(network: Network, layers: Layers) -> Extractor:
    return network.cut(layers.names, dtype=torch.float32)


@pytest.mark.parametrize("masked", [False, True], ids=["everywhere", "masks"])
@pytest.mark.parametrize("size", [(160, 208), (150, 333)], ids=str)
def test_tiles_give_the_losses_and_the_gradient_of_one_piece(
    extractor: Extractor, layers: Layers, size: tuple[int, int], masked: bool
) -> None:
    halo = Needs.of(layers, lbfgs=True, field=extractor.receptive_field).halo
    generator = torch.Generator().manual_seed(1)
    image = torch.rand(1, 3, *size, generator=generator)
    masks = apart(torch.rand(2, *size, generator=generator)) if masked else None
    tiled, whole = Tiled(extractor, 64, halo), Tiled(extractor, 1024, 0)
    styles = [stripes(RED, height=120, width=200)[None], stripes(BLUE, height=90, width=90)[None]]
    goals = [
        make_goal(
            lambda picture, eyes=eyes: eyes,  # type: ignore[misc]  # bound early
            layers,
            Weights(1.0, 20.0, 3.0, (0.5, 0.5)),
            content=landscape(*size)[None],
            styles=styles,
            masks=masks,
        )
        for eyes in (tiled, whole)
    ]

    losses, gradient = tiled.evaluate(goals[0], image)

    expected, slope = evaluate(extractor, goals[1], image)
    assert len(cut(*size, tile=64, halo=halo, stride=16)) >= 9
    torch.testing.assert_close(losses, expected, rtol=1e-4, atol=1e-7)
    assert (gradient - slope).norm() < 1e-3 * slope.norm()
    assert (gradient - slope).abs().max() < 1e-2 * slope.abs().max()  # no seams


@given(
    st.integers(16, 900), st.integers(16, 900), st.integers(1, 20), st.integers(0, 6),
    st.sampled_from([4, 8, 16]),
)  # fmt: skip
def test_tiles_cover_each_pixel_once_and_none_is_too_large(
    height: int, width: int, tile: int, halo: int, stride: int
) -> None:
    tiles = cut(height, width, tile=tile * stride, halo=halo * stride, stride=stride)

    count = torch.zeros(height, width)
    for one in tiles:
        (top, bottom), (left, right) = one.core
        count[top:bottom, left:right] += 1
        for (a, b), (outer_a, outer_b), length in zip(
            one.core, one.outer, (height, width), strict=True
        ):
            assert 0 < b - a <= tile * stride
            assert a % stride == outer_a % stride == 0
            assert outer_a == max(0, a - halo * stride)
            assert outer_b == min(length, b + halo * stride)
    assert count.min() == count.max() == 1


def test_a_stop_is_seen_between_tiles(extractor: Extractor, layers: Layers) -> None:
    asked: list[bool] = []

    def stopped() -> bool:
        asked.append(True)
        return len(asked) > 3

    eyes = Tiled(extractor, 64, 32, stopped)

    with pytest.raises(StoppedError):
        eyes.grams(landscape(256, 256)[None], {"relu1_1": [None]})
    assert len(asked) == 4


def test_sizes_of_activations_are_found_on_strips(extractor: Extractor) -> None:
    image = landscape(75, 130)[None]

    found = Tiled(extractor, 256, 0).sizes(image)

    assert found == {name: tuple(f.shape[-2:]) for name, f in extractor(image).items()}


def test_larger_memory_means_larger_tiles_and_none_exceeds_it(layers: Layers) -> None:
    needs = Needs.of(layers, lbfgs=True)
    pixels = 2048 * 2048
    amounts = range(needs.tiled(pixels, 256), needs.whole(pixels), 100 << 20)
    tiles = [needs.tile_for(pixels, amount) for amount in amounts]

    sides = [side for side in tiles if side is not None]
    assert len(sides) == len(tiles) > 2
    assert all(a <= b for a, b in pairwise(sides))
    assert all(needs.tiled(pixels, s) <= m for s, m in zip(sides, amounts, strict=True))
    assert needs.tile_for(pixels, needs.whole(pixels)) is None


def test_the_largest_size_fits_and_the_next_does_not(layers: Layers) -> None:
    needs = Needs.of(layers, lbfgs=True)
    available = 1_500_000_000

    size = needs.largest_size(available)

    assert needs.least(size) <= available < needs.least(size + 1)
    assert needs.largest_size(0) == 0


def test_the_estimate_from_layers_covers_what_the_network_promises(
    extractor: Extractor, layers: Layers
) -> None:
    needs = Needs.of(layers, lbfgs=True)

    assert needs.per_tile_pixel >= extractor.bytes_per_pixel
    assert needs.halo >= extractor.receptive_field // 2


def test_what_a_request_holds_is_counted(layers: Layers) -> None:
    plain = Needs.of(layers, lbfgs=False, pictures=1.0)

    assert Needs.of(layers, lbfgs=True, pictures=1.0).per_pixel > plain.per_pixel
    assert Needs.of(layers, lbfgs=False, pictures=8.0).per_pixel > plain.per_pixel
