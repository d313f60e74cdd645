"""Whole jobs on a small network."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from genart_core.arts.style import generate as module
from genart_core.arts.style.generate import generate
from genart_core.arts.style.layers import Layers
from genart_core.arts.style.pyramid import Manner, Painter, Sitters
from genart_core.arts.style.targets import Weights
from genart_core.nn.features import Network
from genart_core.nn.graph import Recorder
from genart_core.nn.image import decode, luma_of, read_metadata
from tests.support.features import watched_order

from .conftest import RED, FakeRun, FakeWorkbench, Paint, file_of, landscape, stripes

CONTENT = landscape()


def correlation(a: Tensor, b: Tensor) -> float:
    a, b = luma_of(a).flatten(), luma_of(b).flatten()
    return float(torch.corrcoef(torch.stack([a, b]))[0, 1])


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


def test_coarse_scales_come_first_and_all_are_counted(paint: Paint) -> None:
    run = paint(CONTENT, stripes(RED), size=128, scales=3, iterations=4, wants_preview=True)

    assert run.steps == [(step, 12) for step in range(1, 13)]
    assert [width for _, _, width, _ in run.previews] == [64] * 4 + [91] * 4 + [128] * 3
    assert run.picture.shape == (3, 128, 128)


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


def test_what_memory_there_is_is_asked_once_the_network_has_taken_its_own(
    monkeypatch: pytest.MonkeyPatch, paint: Paint
) -> None:
    order = watched_order(monkeypatch, module)
    run = paint(CONTENT, stripes(RED))

    assert run.failure is None
    assert order == ["cut", "asked"]


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
