"""Each option by its effect."""

import dataclasses
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from genart_core.arts.style.layers import Layers
from genart_core.arts.style.memory import MARGIN
from genart_core.arts.style.pyramid import Manner, Painter, Sitters
from genart_core.arts.style.targets import Weights
from genart_core.nn.features import Network
from genart_core.nn.graph import Recorder
from genart_core.nn.image import luma_of

from .conftest import BLUE, RED, Paint, landscape, stripes

CONTENT = landscape()
HERE, THERE = torch.zeros(64, 64), torch.zeros(64, 64)
HERE[:, :28], THERE[:, 36:] = 1.0, 1.0


def colours(picture: Tensor) -> Tensor:
    """Return the mean colour of a picture without its brightness."""
    return (picture - luma_of(picture)).mean((1, 2))


def test_more_style_weight_brings_the_gram_matrices_closer(paint: Paint) -> None:
    runs = [paint(CONTENT, stripes(RED), iterations=20, style_weight=w) for w in (0.1, 3.0, 100.0)]

    style = [run.losses["style"][-1] for run in runs]
    content = [run.losses["content"][-1] for run in runs]
    assert style[0] > 1.5 * style[1] > 1.5 * style[2]
    assert content[0] < content[1] < content[2]


def test_more_tv_weight_makes_it_smoother(paint: Paint) -> None:
    rough, smooth = (paint(CONTENT, stripes(RED), tv_weight=w, iterations=15) for w in (0.0, 300.0))

    assert smooth.losses["tv"][-1] < 0.5 * rough.losses["tv"][-1]


def test_content_weight_holds_the_content(paint: Paint) -> None:
    free, held = (
        paint(CONTENT, stripes(RED), content_weight=w, iterations=20) for w in (0.0, 100.0)
    )

    assert held.losses["content"][-1] < 0.5 * free.losses["content"][-1]


@pytest.mark.parametrize(
    "fields",
    [
        {"style_layers": ["relu2_1"]},
        {"style_layers": {"relu1_1": 1.0, "relu3_1": 9.0}},
        {"content_layers": ["relu1_1"]},
        {"optimizer": "adam"},
        {"style_scale": 0.5},
        {"scales": 2},
        {"init": "style"},
        {"preserve_colors": "luma"},
        {"preserve_colors": "coral"},
    ],
    ids=str,
)
def test_an_option_gives_another_picture(paint: Paint, fields: dict[str, Any]) -> None:
    plain, other = paint(CONTENT, stripes(RED)), paint(CONTENT, stripes(RED), **fields)

    assert (plain.picture - other.picture).abs().mean() > 1 / 255


def test_styles_are_blended_by_their_weights(paint: Paint) -> None:
    def redness(*weights: float) -> float:
        run = paint(
            CONTENT, stripes(RED), stripes(BLUE), style_weights=list(weights), iterations=15
        )
        red, _, blue = colours(run.picture).tolist()
        return float(red - blue)

    assert redness(1.0, 0.0) > redness(1.0, 1.0) + 0.02 > redness(0.0, 1.0) + 0.04
    alone = paint(CONTENT, stripes(RED), iterations=15)
    both = paint(CONTENT, stripes(RED), stripes(BLUE), style_weights=[2.0, 0.0], iterations=15)
    assert (alone.picture - both.picture).abs().mean() < 1 / 255


def test_masks_act_where_they_say(paint: Paint) -> None:
    run = paint(
        CONTENT, stripes(RED), stripes(BLUE), masks=(HERE, THERE), iterations=20, style_weight=30.0
    )

    left, middle, right = (run.picture[:, :, a:b] for a, b in ((0, 24), (30, 34), (40, 64)))
    change = {name: colours(part - CONTENT[:, :, a:b]) for name, part, a, b in (
        ("left", left, 0, 24), ("right", right, 40, 64),
    )}  # fmt: skip
    assert change["left"][0] - change["left"][2] > 0.02  # redder
    assert change["right"][2] - change["right"][0] > -0.02
    assert change["left"][0] > change["right"][0] + 0.02
    assert change["right"][2] > change["left"][2] + 0.02
    assert (middle - CONTENT[:, :, 30:34]).abs().max() < 2 / 255  # no mask: as it was


def test_grey_is_half_of_white(paint: Paint) -> None:
    def changed(level: float) -> float:
        mask = torch.full((64, 64), level)
        run = paint(CONTENT, stripes(RED), masks=(mask,), iterations=8)
        return float((run.picture - CONTENT).abs().mean())

    assert changed(0.0) < 1 / 255 < changed(0.3) < changed(1.0)


def test_a_mask_of_another_size_is_stretched(paint: Paint) -> None:
    small = F.interpolate(HERE[None, None], (16, 32), mode="area")[0, 0]
    run = paint(CONTENT, stripes(RED), masks=(small,), iterations=8)

    assert (run.picture - CONTENT)[:, :, 40:].abs().max() < 2 / 255
    assert (run.picture - CONTENT)[:, :, :20].abs().mean() > 5 / 255


def test_luma_keeps_the_colours_of_the_content(paint: Paint) -> None:
    plain, kept = (
        paint(CONTENT, stripes(RED), preserve_colors=p, iterations=15).picture
        for p in ("none", "luma")
    )

    distance = [(colours(p) - colours(CONTENT)).norm().item() for p in (plain, kept)]
    assert distance[1] < 0.5 * distance[0]
    torch.testing.assert_close(luma_of(kept), luma_of(plain), rtol=0, atol=3 / 255)


def test_coral_gives_the_style_the_colours_of_the_content_before(paint: Paint) -> None:
    plain, kept = (
        paint(CONTENT, stripes(RED), preserve_colors=p, iterations=25, style_weight=100.0).picture
        for p in ("none", "coral")
    )

    distance = [(p.mean((1, 2)) - CONTENT.mean((1, 2))).norm().item() for p in (plain, kept)]
    assert distance[1] < 0.5 * distance[0]


def test_starts_are_what_they_say(network: Network, layers: Layers) -> None:
    sitters = Sitters(CONTENT[None], [stripes(RED, height=40, width=80)[None]])
    generator = torch.Generator().manual_seed(1)
    manner = Manner(layers, Weights(1.0, 1.0, 0.0, (1.0,)), (64,), 1)

    def start(init: Any) -> Tensor:
        painter = Painter(
            network.cut(layers.names), dataclasses.replace(manner, init=init), Recorder("cpu")
        )
        return painter._first(painter._at(sitters, 64), generator)

    inner = slice(MARGIN, -MARGIN)
    assert torch.equal(start("content")[..., inner, inner], CONTENT[None])
    assert start("style").shape == (1, 3, 64 + 2 * MARGIN, 64 + 2 * MARGIN)
    assert colours(start("style")[0])[0] > 0.1
    noise = start("noise")
    assert abs(noise.mean() - 0.5) < 0.02
    assert 0.15 < noise.std() < 0.25


def test_styles_are_seen_in_their_scale_and_coarser_at_coarser_scales(
    network: Network, layers: Layers
) -> None:
    sitters = Sitters(CONTENT[None], [stripes(RED, height=48, width=96)[None]])
    manner = Manner(layers, Weights(1.0, 1.0, 0.0, (1.0,)), (32, 64), 1, style_scale=1.5)
    painter = Painter(network.cut(layers.names), manner, Recorder("cpu"))

    fine, coarse = painter._at(sitters, 64), painter._at(sitters, 32)
    sizes = [p.shape[-2:] for p in (fine.styles[0], coarse.styles[0], coarse.content)]
    inner = [(height - 2 * MARGIN, width - 2 * MARGIN) for height, width in sizes]
    assert inner == [(48, 96), (24, 48), (32, 32)]


def test_coarse_scales_help_a_start_from_noise(paint: Paint) -> None:
    """The sky's large forms are found at the coarse scale, with fewer steps at the fine one."""
    fields = {"init": "noise", "size": 128, "style_weight": 1.0}
    content, style = landscape(128, 128), stripes(RED, height=128, width=128)

    fine = paint(content, style, scales=1, iterations=6, **fields)
    coarse = paint(content, style, scales=3, iterations=6, **fields)

    assert coarse.losses["total"][-1] < fine.losses["total"][-1]


def test_adam_goes_down_over_scales_too(paint: Paint) -> None:
    run = paint(CONTENT, stripes(RED), optimizer="adam", scales=2, iterations=30)

    curve = run.losses["total"]
    assert len(curve) == 60
    assert curve[29] < curve[0]
    assert curve[59] < curve[30]
