"""Losses and gradients, beside the same written plainly in double precision."""

import copy
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from genart_core.arts.style.layers import Layers
from genart_core.arts.style.losses import (
    LOSSES,
    Goal,
    evaluate,
    gram,
    kept,
    mask_at,
    region,
    total_variation,
)
from genart_core.arts.style.targets import Weights, apart, make_goal
from genart_core.arts.style.tiles import Tiled
from genart_core.nn.features import Extractor, Network

from .conftest import BLUE, RED, landscape, numbers, stripes

WEIGHTS = Weights(content=2.0, style=30.0, tv=5.0, blend=(0.75, 0.25))
MASKS = torch.stack([torch.linspace(0, 1, 64).expand(48, 64), torch.ones(48, 64) * 0.6])


def eyes(extractor: Extractor) -> Tiled:
    return Tiled(extractor, 256, 0)


def reference(
    extractor: Extractor, layers: Layers, weights: Weights, image: Tensor, masks: Tensor | None
) -> Tensor:
    """Return content, style, TV and total loss as the papers write them, in double precision."""
    network = copy.deepcopy(extractor).double()
    network.dtype = torch.float64
    content, styles = landscape(48, 64)[None].double(), style_pictures()

    def matrix(picture: Tensor, name: str) -> Tensor:
        f: Tensor = network(picture)[name][0]
        return f.reshape(len(f), -1)  # (C, h w)

    losses = torch.zeros(3, dtype=torch.float64)
    for name, weight in layers.content.items():
        f, p = matrix(image, name), matrix(content, name)
        losses[0] = losses[0] + weight * ((f - p) ** 2).sum() / (p**2).sum()
    for name, weight in layers.style.items():
        f = matrix(image, name)
        grams = []
        for style in styles:
            a = matrix(style, name)
            grams.append(a @ a.T / a.shape[1])
        if masks is None:
            target = weights.blend[0] * grams[0] + weights.blend[1] * grams[1]
            error = ((f @ f.T / f.shape[1] - target) ** 2).sum() / (target**2).sum()
            losses[1] = losses[1] + weight * error
            continue
        shared = masks.double() / masks.double().sum(0).clamp_min(1)
        size = network(image)[name].shape[-2:]
        for mask, target, blend in zip(shared, grams, weights.blend, strict=True):
            m = torch.nn.functional.adaptive_avg_pool2d(mask[None], size).flatten()
            found = sum(m[i] * torch.outer(f[:, i], f[:, i]) for i in range(len(m))) / m.sum()
            error = ((found - target) ** 2).sum() / (target**2).sum()
            losses[1] = losses[1] + weight * blend * len(grams) * m.mean() * error
    down, right = image[..., 1:, :] - image[..., :-1, :], image[..., 1:] - image[..., :-1]
    losses[2] = losses[2] + ((down**2).sum() + (right**2).sum()) / image.numel()
    scale = torch.tensor([weights.content, weights.style, weights.tv], dtype=torch.float64)
    return torch.cat([losses, (losses * scale).sum()[None]])


def style_pictures() -> list[Tensor]:
    styles = [stripes(RED, height=40, width=56), stripes(BLUE, 9, height=64, width=48)]
    return [style[None].double() for style in styles]


def goal_of(extractor: Extractor, layers: Layers, masks: Tensor | None) -> Goal:
    return make_goal(
        lambda picture: eyes(extractor),
        layers,
        WEIGHTS,
        content=landscape(48, 64)[None],
        styles=[style.float() for style in style_pictures()],
        masks=None if masks is None else apart(masks),
    )


@pytest.mark.parametrize("masks", [None, MASKS], ids=["everywhere", "masks"])
def test_losses_and_gradient_are_those_of_the_plain_double_precision(
    network: Network, layers: Layers, masks: Tensor | None
) -> None:
    extractor = network.cut(layers.names, dtype=torch.float32)
    image = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(3))

    losses, gradient = evaluate(extractor, goal_of(extractor, layers, masks), image)

    exact = image.double().requires_grad_()
    expected = reference(extractor, layers, WEIGHTS, exact, masks)
    (slope,) = torch.autograd.grad(expected[3], exact)
    torch.testing.assert_close(losses.double(), expected.detach(), rtol=1e-4, atol=1e-7)
    assert (gradient - slope).norm() < 1e-4 * slope.norm()


def test_half_precision_gives_nearly_the_same(network: Network, layers: Layers) -> None:
    image = torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(3))
    found = {}
    for dtype in (torch.float32, torch.bfloat16):
        extractor = network.cut(layers.names, dtype=dtype)
        found[dtype] = evaluate(extractor, goal_of(extractor, layers, None), image)

    (losses, gradient), (half_losses, half_gradient) = found.values()
    torch.testing.assert_close(half_losses, losses, rtol=0.03, atol=1e-3)
    cosine = torch.cosine_similarity(gradient.flatten(), half_gradient.flatten(), dim=0)
    assert half_gradient.dtype == torch.float32
    assert cosine > 0.95


def test_nothing_is_lost_where_content_style_and_picture_are_the_same(
    network: Network, layers: Layers
) -> None:
    extractor, image = network.cut(layers.names), landscape()[None]
    goal = make_goal(
        lambda picture: eyes(extractor),
        layers,
        Weights(1.0, 1.0, 0.0, (1.0,)),
        content=image,
        styles=[image],
        masks=None,
    )

    losses, gradient = evaluate(extractor, goal, image)

    assert losses[[0, 1, 3]].abs().max() < 1e-9
    assert gradient.abs().max() < 1e-6


@given(st.integers(1, 12), st.integers(1, 9), st.integers(1, 9), st.integers(0, 999), st.booleans())
@settings(max_examples=30)
def test_gram_matrices_are_symmetric_and_positive_semidefinite(
    channels: int, height: int, width: int, seed: int, masked: bool
) -> None:
    features = torch.from_numpy(numbers(seed, 1, channels, height, width))
    mask = torch.from_numpy(numbers(seed + 1, height, width)).abs() if masked else None

    sums = gram(features.contiguous(memory_format=torch.channels_last), mask)

    torch.testing.assert_close(sums, sums.t(), rtol=1e-5, atol=1e-5)
    least = torch.linalg.eigvalsh(sums.double()).min()
    assert least > -1e-5 * (1.0 + sums.diagonal().sum())


@pytest.mark.parametrize("masked", [False, True])
def test_the_gradient_of_gram_matrices_is_their_slope(masked: bool) -> None:
    features = torch.from_numpy(numbers(1, 1, 4, 3, 5)).double().requires_grad_()
    mask = torch.from_numpy(numbers(2, 3, 5)).double().abs() if masked else None
    slant = torch.from_numpy(numbers(3, 4, 4)).double()

    assert torch.autograd.gradcheck(lambda f: (gram(f, mask) * slant).sum(), (features,))


def test_gram_matrices_copy_no_activations(monkeypatch: pytest.MonkeyPatch) -> None:
    features = torch.rand(1, 8, 16, 16).contiguous(memory_format=torch.channels_last)
    seen: list[int] = []
    product = Tensor.__matmul__

    def spied(a: Tensor, b: Tensor) -> Any:
        seen.extend([a.data_ptr(), b.data_ptr()])
        return product(a, b)

    monkeypatch.setattr(Tensor, "__matmul__", spied)
    gram(features)

    assert seen == [features.data_ptr()] * 2


@pytest.mark.parametrize("form", [torch.channels_last, torch.contiguous_format])
def test_a_gram_matrix_has_the_same_gradient_in_either_layout_and_it_lies_alike(
    form: torch.memory_format,
) -> None:
    features = torch.rand(1, 6, 5, 7, dtype=torch.float64).contiguous(memory_format=form)
    features.requires_grad_()
    slope = torch.rand(6, 6, dtype=torch.float64)

    (found,) = torch.autograd.grad(gram(features), features, slope)

    rows = features[0].flatten(1)
    (wanted,) = torch.autograd.grad(rows @ rows.t(), features, slope)
    torch.testing.assert_close(found, wanted)
    assert found.is_contiguous(memory_format=form)


def test_total_variation_counts_each_pair_of_neighbours() -> None:
    image = torch.zeros(1, 3, 2, 3)
    image[0, 0, 0, 0] = 1.0  # one neighbour to the right, one below

    assert total_variation(image).item() == pytest.approx(2.0 / 18.0)
    assert total_variation(torch.full((1, 3, 5, 4), 0.7)).item() == 0.0


def test_an_empty_target_divides_by_nothing() -> None:
    black = kept(torch.zeros(1, 4, 3, 3), 1.0)
    nowhere = region(torch.zeros(4, 4), 1.0, torch.zeros(3, 3), 9)

    assert black.loss(torch.zeros(1, 4, 3, 3)).item() == 0.0
    assert nowhere.loss(torch.zeros(4, 4)).item() == 0.0


def test_a_mask_is_averaged_over_what_each_place_covers() -> None:
    mask = torch.zeros(8, 8)
    mask[:, :3] = 1.0

    assert mask_at(mask, (2, 2)).tolist() == [[0.75, 0.0], [0.75, 0.0]]


def test_overlapping_masks_share_and_others_are_left() -> None:
    masks = torch.tensor([[[1.0, 0.5]], [[1.0, 0.25]]])

    assert apart(masks).tolist() == [[[0.5, 0.5]], [[0.5, 0.25]]]


def test_losses_are_named_in_order() -> None:
    assert LOSSES == ("content", "style", "tv", "total")
