"""Tiles, normalisations and colours of gradients."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from genart_core.arts.dream.gradients import (
    NORMALISATIONS,
    Tiling,
    correlated,
    tiled_gradient,
    whole_gradient,
)
from genart_core.arts.dream.losses import Objective
from genart_core.nn.features import Network

from .conftest import photo


@given(
    length=st.integers(1, 700),
    stride=st.sampled_from([1, 4, 16]),
    windows=st.integers(4, 20),
    margin=st.integers(0, 9),
    offset=st.integers(0, 30),
)
def test_every_pixel_is_kept_once_and_seen_with_its_margin(
    length: int, stride: int, windows: int, margin: int, offset: int
) -> None:
    tiling = Tiling(windows * stride, min(margin, (windows - 1) // 2) * stride, stride)
    kept = tiling.window - 2 * tiling.margin

    spans = tiling.spans(length, offset * stride % kept)

    assert [x for span in spans for x in range(span.first, span.last)] == list(range(length))
    for span in spans:
        assert span.start % stride == 0
        assert span.stop - span.start < tiling.window + stride
        assert span.start <= max(0, span.first - tiling.margin)
        assert span.stop >= min(length // stride * stride, span.last + tiling.margin)
    assert len({span.stop - span.start for span in spans}) <= 4  # few shapes to prepare for


@given(length=st.integers(2300, 8000), offset=st.integers(0, 133))
def test_windows_hold_no_more_than_what_is_kept_of_them_and_its_margins(
    length: int, offset: int
) -> None:
    tiling = Tiling(2272, 64, 16)

    spans = tiling.spans(length, 16 * offset)

    for span in spans:
        needed = min(span.last + 64, length) - max(0, span.first - 64)
        assert span.stop - span.start < max(needed, 256) + 3 * 16
        assert span.first - span.start >= min(span.first, 64)
        assert span.stop - span.last >= min(length - span.last, 64)


def test_a_tiling_keeps_half_of_a_window_at_least(network: Network) -> None:
    extractor = network.cut(["relu5_2"])

    wide, narrow = Tiling.of(extractor, 1024), Tiling.of(extractor, 128)

    assert wide.margin % 16 == 0
    assert 0 <= 2 * wide.margin - extractor.receptive_field < 32
    assert narrow.margin == 32


def test_offsets_are_drawn_within_a_tile() -> None:
    tiling = Tiling(128, 32, 16)
    generator = torch.Generator().manual_seed(0)

    drawn = {tiling.offset(generator) for _ in range(100)}

    assert drawn == {0, 16, 32, 48}


def tiled(
    image: Tensor, network: Network, objective: Objective, tiling: Tiling
) -> tuple[Tensor, Tensor]:
    """Return loss and gradient for seams at 16 and 32 pixels."""
    extractor = network.cut(objective.layers, dtype=torch.float32)
    return tiled_gradient(
        image, extractor, objective, tiling=tiling, offsets=(16, 32), before_tile=lambda: None
    )


OBJECTIVES = {
    "one": Objective({"relu3_2": 1.0}),
    "two": Objective({"relu2_1": 0.3, "relu4_1": 1.0}),
    "channels": Objective({"relu3_1": 1.0}, channels={"relu3_1": torch.tensor([0, 3])}),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_tiles_with_a_whole_field_of_margin_change_nothing(network: Network, name: str) -> None:
    objective = OBJECTIVES[name]
    extractor = network.cut(objective.layers, dtype=torch.float32)
    field = -(-extractor.receptive_field // 16) * 16
    tiling = Tiling(2 * field + 32, field, 16)
    image = _noisy(photo(tiling.window + 16, tiling.window + 48))
    loss, whole = whole_gradient(image, extractor, objective)

    tiled_loss, tiles = tiled(image, network, objective, tiling)

    assert (tiles - whole).abs().max() < 1e-4 * whole.abs().max()
    assert float(tiled_loss) == pytest.approx(float(loss), rel=0.15, abs=0.05)


def test_each_tile_seeks_a_class_for_itself_much_as_the_whole_does(network: Network) -> None:
    image, objective = _noisy(photo(192, 240)), Objective({}, target=1)
    extractor = network.cut(objective.layers, dtype=torch.float32)
    loss, whole = whole_gradient(image, extractor, objective)

    tiled_loss, tiles = tiled(image, network, objective, Tiling.of(extractor, 160))

    assert torch.cosine_similarity(tiles.flatten(), whole.flatten(), dim=0) > 0.9
    assert float(tiled_loss) == pytest.approx(float(loss), rel=0.1)


def test_tiles_with_half_a_field_of_margin_change_next_to_nothing(network: Network) -> None:
    image, objective = _noisy(photo(192, 240)), Objective({"relu5_1": 1.0})
    extractor = network.cut(objective.layers, dtype=torch.float32)
    _, whole = whole_gradient(image, extractor, objective)

    _, tiles = tiled(image, network, objective, Tiling.of(extractor, 160))

    assert 0 < float((tiles - whole).norm() / whole.norm()) < 0.05


def test_a_tiled_gradient_asks_before_each_tile(network: Network) -> None:
    class EnoughError(Exception):
        pass

    asked = []

    def ask() -> None:
        asked.append(1)
        if len(asked) == 3:
            raise EnoughError

    extractor = network.cut(["relu2_1"])
    tiling = Tiling(48, 8, 2)
    with pytest.raises(EnoughError):
        tiled_gradient(
            photo(128, 128),
            extractor,
            Objective({"relu2_1": 1.0}),
            tiling=tiling,
            offsets=(0, 0),
            before_tile=ask,
        )
    assert len(asked) == 3


@pytest.fixture
def gradient() -> Tensor:
    generator = torch.Generator().manual_seed(5)
    fine = torch.randn(1, 3, 40, 56, generator=generator)
    coarse = torch.randn(1, 3, 5, 7, generator=generator)
    return 1e-9 * (fine + 0.3 * torch.nn.functional.interpolate(coarse, (40, 56), mode="bilinear"))


def test_mean_abs_and_std_are_one_afterwards(gradient: Tensor) -> None:
    by = {name: normalise(gradient.clone()) for name, normalise in NORMALISATIONS.items()}

    assert float(by["mean-abs"].abs().mean()) == pytest.approx(1.0, rel=1e-4)
    assert float(by["std"].std()) == pytest.approx(1.0, rel=1e-3)
    assert float(by["laplacian"].abs().mean()) == pytest.approx(1.0, rel=1e-4)
    ratio = by["std"] / by["mean-abs"]
    assert torch.allclose(ratio, ratio.mean().expand_as(ratio), rtol=1e-3)


def test_a_laplacian_pyramid_lifts_the_coarse_bands(gradient: Tensor) -> None:
    def coarseness(x: Tensor) -> float:
        return float(torch.nn.functional.avg_pool2d(x, 8).std() / x.std())

    lifted = NORMALISATIONS["laplacian"](gradient.clone())

    assert coarseness(lifted) > 1.5 * coarseness(gradient)


@pytest.mark.parametrize("name", NORMALISATIONS)
@pytest.mark.parametrize("size", [(1, 1), (3, 50), (33, 17)])
def test_nothing_stays_nothing_at_any_size(name: str, size: tuple[int, int]) -> None:
    assert torch.equal(NORMALISATIONS[name](torch.zeros(1, 3, *size)), torch.zeros(1, 3, *size))
    assert NORMALISATIONS[name](torch.full((1, 3, *size), 1e-9)).isfinite().all()


def test_decorrelated_steps_are_long_in_brightness_and_short_in_hue() -> None:
    grey, red = torch.ones(1, 3, 2, 2), torch.tensor([1.0, -0.5, -0.5]).view(1, 3, 1, 1)

    assert correlated(red, 0.0) is red
    lengths = [float(correlated(red, d).norm()) for d in (0.2, 0.6, 1.0)]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[-1] < 0.2 * float(red.norm())
    assert float(correlated(grey, 1.0).norm()) > 2.5 * float(grey.norm())


def _noisy(image: Tensor) -> Tensor:
    return 0.6 * image + 0.4 * torch.rand(image.shape, generator=torch.Generator().manual_seed(6))
