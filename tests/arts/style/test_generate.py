"""Whole jobs on a small network: each option by its effect."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from genart_core.arts.style import generate as module
from genart_core.arts.style.generate import generate
from genart_core.arts.style.layers import Layers
from genart_core.arts.style.pyramid import Manner, Painter, Sitters
from genart_core.arts.style.targets import Weights
from genart_core.nn.features import Network
from genart_core.nn.graph import Recorder
from genart_core.nn.image import decode, luma_of, read_metadata

from .conftest import BLUE, RED, FakeRun, FakeWorkbench, Paint, file_of, landscape, stripes

CONTENT = landscape()
HERE, THERE = torch.zeros(64, 64), torch.zeros(64, 64)
HERE[:, :28], THERE[:, 36:] = 1.0, 1.0


def correlation(a: Tensor, b: Tensor) -> float:
    a, b = luma_of(a).flatten(), luma_of(b).flatten()
    return float(torch.corrcoef(torch.stack([a, b]))[0, 1])


def colours(picture: Tensor) -> Tensor:
    """Return the mean colour of a picture without its brightness."""
    return (picture - luma_of(picture)).mean((1, 2))


def test_a_run_becomes_one_picture_with_its_losses(paint: Paint) -> None:
    run = paint(landscape(48, 64), stripes(RED), iterations=6)

    assert run.failure is None
    assert run.artwork is not None
    (output,) = run.artwork.outputs
    assert (output.media_type, output.width, output.height) == ("image/png", 64, 48)
    assert run.picture.shape == (3, 48, 64)
    result = run.artwork.result
    assert set(result) == {"losses", "steps", "width", "height"}
    assert (result["steps"], result["width"], result["height"]) == (6, 64, 48)
    assert {len(curve) for curve in run.losses.values()} == {6}
    assert list(run.losses) == ["content", "style", "tv", "total"]
    assert run.losses["total"] == sorted(run.losses["total"], reverse=True)
    assert run.losses["style"][-1] < 0.7 * run.losses["style"][0]
    assert run.steps == [(step, 6) for step in range(1, 7)]


def test_the_total_is_the_weighted_sum(paint: Paint) -> None:
    weights = {"content_weight": 3.0, "style_weight": 7.0, "tv_weight": 2.0}
    run = paint(CONTENT, stripes(RED), **weights)

    curves = zip(*(run.losses[name] for name in ("content", "style", "tv", "total")), strict=True)
    for content, style, tv, total in curves:
        assert total == pytest.approx(3.0 * content + 7.0 * style + 2.0 * tv, rel=1e-3)


def test_the_picture_keeps_the_layout_of_the_content(paint: Paint) -> None:
    picture = paint(CONTENT, stripes(RED), iterations=15).picture

    assert correlation(picture, CONTENT) > 0.5
    assert correlation(picture, CONTENT) > correlation(picture, CONTENT.flip(1)) + 0.5


def test_the_same_seed_gives_the_same_picture(paint: Paint) -> None:
    fields = {"init": "noise", "iterations": 5}

    first, again = (paint(CONTENT, stripes(RED), seed=5, **fields).picture for _ in range(2))

    assert torch.equal(first, again)
    assert not torch.equal(first, paint(CONTENT, stripes(RED), seed=6, **fields).picture)


def test_a_picture_styled_by_itself_stays(paint: Paint) -> None:
    run = paint(CONTENT, CONTENT, tv_weight=0.0, iterations=3)

    assert run.losses["total"][0] < 1e-8
    assert (run.picture - CONTENT).abs().max() < 2 / 255


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

    assert torch.equal(start("content"), CONTENT[None])
    assert start("style").shape == (1, 3, 64, 64)
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

    assert painter._at(sitters, 64).styles[0].shape[-2:] == (48, 96)
    assert painter._at(sitters, 32).styles[0].shape[-2:] == (24, 48)
    assert painter._at(sitters, 32).content.shape[-2:] == (32, 32)


def test_coarse_scales_come_first_and_all_are_counted(paint: Paint) -> None:
    run = paint(CONTENT, stripes(RED), size=128, scales=3, iterations=4, wants_preview=True)

    assert run.steps == [(step, 12) for step in range(1, 13)]
    assert [width for _, _, width, _ in run.previews] == [64] * 4 + [91] * 4 + [128] * 3
    assert run.picture.shape == (3, 128, 128)


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


def test_curves_are_thinned_to_their_ends(
    monkeypatch: pytest.MonkeyPatch, workbench: FakeWorkbench
) -> None:
    monkeypatch.setattr(module, "CURVE_POINTS", 5)
    run = FakeRun(CONTENT, stripes(RED), iterations=9)
    generate([run], workbench)

    whole = FakeRun(CONTENT, stripes(RED), iterations=9)
    monkeypatch.undo()
    generate([whole], workbench)

    assert run.losses["total"] == [whole.losses["total"][i] for i in (0, 2, 4, 6, 8)]


@pytest.mark.parametrize("stop_after", [0, 1, 5])
def test_a_stop_is_seen_within_one_step(paint: Paint, stop_after: int) -> None:
    run = paint(CONTENT, stripes(RED), scales=2, iterations=4, stop_after=stop_after)

    assert len(run.steps) == stop_after
    assert (run.artwork, run.failure) == (None, None)


def test_previews_are_pictures_of_what_is_coming(paint: Paint) -> None:
    run = paint(landscape(40, 64), stripes(RED), iterations=20, wants_preview=True)
    data, media_type, width, height = run.previews[-1]

    assert len(run.previews) == 19  # the last step is the picture itself
    assert (media_type, width, height) == ("image/jpeg", 64, 40)
    shown = decode(data, max_pixels=10**6).rgb
    assert (shown - run.picture).abs().mean() < 0.05
    assert paint(CONTENT, stripes(RED)).previews == []


@pytest.mark.parametrize(("format", "media_type"), [("jpeg", "image/jpeg"), ("webp", "image/webp")])
def test_formats_carry_the_request(paint: Paint, format: str, media_type: str) -> None:
    run = paint(CONTENT, stripes(RED), format=format, style_weight=12.5)

    assert run.artwork is not None
    assert run.artwork.outputs[0].media_type == media_type
    metadata = read_metadata(run.file)
    assert (metadata["seed"], metadata["style_weight"]) == (1, 12.5)


def test_transparency_of_the_content_is_kept(paint: Paint) -> None:
    alpha = torch.ones(1, 64, 64)
    alpha[:, :20] = 0.0
    run = paint(file_of(CONTENT, alpha), stripes(RED))

    kept = decode(run.file, max_pixels=10**6).alpha
    assert kept is not None
    assert torch.equal(kept, alpha)


def test_a_damaged_picture_fails_the_job(paint: Paint) -> None:
    run = paint(file_of(CONTENT)[:300], stripes(RED))

    assert run.failure is not None
    assert run.failure[0] == "invalid_image"


def test_a_picture_too_narrow_for_the_network_fails_with_advice(paint: Paint) -> None:
    run = paint(landscape(8, 640), stripes(RED))

    assert run.failure is not None
    assert run.failure[0] == "invalid_image"
    assert "64 x 1 px" in run.failure[1]
    assert "at least 16" in run.failure[1]


def test_scales_too_narrow_for_the_network_are_left_out(paint: Paint) -> None:
    run = paint(landscape(64, 192), stripes(RED), size=64, scales=3)

    assert run.steps[-1] == (4, 4)  # at 32 and 45 pixels it would be 11 and 15 high


def test_an_unknown_layer_fails_the_job_with_the_known_ones(paint: Paint) -> None:
    run = paint(CONTENT, stripes(RED), style_layers=["conv9"])

    assert run.failure is not None
    assert run.failure[0] == "invalid_request"
    assert "relu1_1" in run.failure[1]


def test_what_fits_in_no_tile_fails_with_the_size_that_would(
    monkeypatch: pytest.MonkeyPatch, paint: Paint
) -> None:
    monkeypatch.setattr(module, "free_memory", lambda device: 300 << 20)
    run = paint(CONTENT, stripes(RED), size=2048)

    assert run.failure is not None
    assert run.failure[0] == "too_large"
    assert "would fit" in run.failure[1]


def test_a_picture_in_tiles_is_that_of_one_piece(network: Network, layers: Layers) -> None:
    sitters = Sitters(landscape(320, 400)[None], [stripes(RED, height=300, width=300)[None]])
    manner = Manner(layers, Weights(1.0, 10.0, 1.0, (1.0,)), (400,), 4)
    stopped: list[bool] = []

    def painted(available: int | None) -> Tensor:
        def ask() -> bool:
            stopped.append(True)
            return False

        extractor = network.cut(layers.names, dtype=torch.float32)
        painter = Painter(extractor, manner, Recorder("cpu"), available, stopped=ask)
        return painter.paint(sitters, torch.Generator())

    whole = painted(None)
    asked = len(stopped)
    tiled = painted(1)  # so little that the smallest tiles are taken

    assert (whole - tiled).abs().mean() < 1 / 255
    assert len(stopped) - asked > 2 * asked


def test_recorded_steps_are_replayed(network: Network, layers: Layers) -> None:
    replays: list[int] = []

    def record(step: Callable[[], Tensor]) -> tuple[Callable[[], None], Tensor]:
        output = step()

        def replay() -> None:
            replays.append(1)
            output.copy_(step())

        return replay, output

    recorder = Recorder("cpu", record)
    recorder.is_able = True
    sitters = Sitters(CONTENT[None], [stripes(RED)[None]])
    manner = Manner(layers, Weights(1.0, 10.0, 1.0, (1.0,)), (45, 64), 20)
    pictures = [
        Painter(network.cut(layers.names), manner, one).paint(sitters, torch.Generator())
        for one in (recorder, Recorder("cpu"))
    ]

    assert len(replays) == 40
    assert torch.equal(*pictures)
