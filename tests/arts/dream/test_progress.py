"""What a caller sees while a dream is made, and how it is stopped."""

import pytest

from genart_core.arts.dream import generate as module
from genart_core.arts.dream.generate import generate
from genart_core.nn.image import decode

from .conftest import FakeRun, FakeWorkbench, distance, pixels


def test_previews_come_after_octaves_and_some_steps(workbench: FakeWorkbench) -> None:
    run = FakeRun(octaves=3, octave_scale=1.2, iterations=6)

    generate([run], workbench)

    assert [(width, height) for *_, width, height in run.previews] == [
        *[(44, 33)] * 2,
        *[(53, 40)] * 2,
        (64, 48),
    ]
    for data, media_type, width, height in run.previews:
        shown = decode(data, max_pixels=10**6).rgb
        assert media_type == "image/jpeg"
        assert tuple(shown.shape) == (3, height, width)
    assert distance(decode(run.previews[-1][0], max_pixels=10**6).rgb[None], pixels(run)) < 0.05


def test_nothing_is_encoded_that_nobody_wants_to_see(workbench: FakeWorkbench) -> None:
    run = FakeRun()
    run.wants_preview = False

    generate([run], workbench)

    assert run.previews == []
    assert run.artwork is not None


def test_large_previews_are_shown_smaller(
    workbench: FakeWorkbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PREVIEW_SIZE", 40)
    run = FakeRun(iterations=5)

    generate([run], workbench)

    assert {(width, height) for *_, width, height in run.previews} == {(40, 30)}


def test_progress_is_in_steps(workbench: FakeWorkbench) -> None:
    run = FakeRun()

    generate([run], workbench)

    assert run.steps == [(i, 6) for i in range(1, 7)]


def test_a_stopped_run_leaves_within_a_step(workbench: FakeWorkbench) -> None:
    stopped, other = FakeRun(stop_at_look=4), FakeRun()

    generate([stopped, other], workbench)

    assert (stopped.artwork, stopped.failure) == (None, None)
    assert stopped.steps[-1] == (3, 6)
    assert other.artwork is not None


def test_a_stopped_run_leaves_within_a_tile(
    workbench: FakeWorkbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SMALLEST_WINDOW", 64)
    monkeypatch.setattr(module, "WINDOW_BYTES", 0)
    run = FakeRun(size=128, octaves=1, stop_at_look=5)

    generate([run], workbench)

    assert (run.artwork, run.failure, run.steps) == (None, None, [])
    assert run.looks == 5
