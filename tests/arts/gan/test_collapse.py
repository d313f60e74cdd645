"""Noticing a collapse, on pictures made to collapse."""

import pytest
import torch

from genart_core.arts.gan.collapse import Watch, variety


def test_variety_is_the_distance_of_pictures_of_a_class() -> None:
    black, white = torch.full((1, 3, 16, 16), -1.0), torch.full((1, 3, 16, 16), 1.0)
    images = torch.cat([black, white, black, white])

    assert variety(images, torch.tensor([0, 0, 0, 0])) == pytest.approx(2.0 * 4 / 6)
    # Each class always the same: classes that differ don't hide it.
    assert variety(images, torch.tensor([0, 1, 0, 1])) == 0.0


def test_grain_is_no_variety() -> None:
    noise = torch.randn(32, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert variety(noise, torch.zeros(32)) < 0.2


def test_a_collapse_is_told_once() -> None:
    watch = Watch()
    assert watch.judge(0.9) is None
    assert "nearly the same" in str(watch.judge(0.1))
    assert watch.judge(0.05) is None
    assert watch.judge(0.8) is None
    assert "nearly the same" in str(watch.judge(0.1))


def test_a_collapse_is_foreseen() -> None:
    watch = Watch()
    watch.judge(1.0)
    for _ in range(200):
        watch.saw(1.0)

    assert "is near" in str(watch.judge(0.5))
    assert "learns little" in str(watch.judge(0.9))


def test_a_fair_game_is_not_disturbed() -> None:
    watch = Watch()
    for variety_now in (1.0, 0.8, 0.5, 0.9):
        for _ in range(50):
            watch.saw(0.8)
        assert watch.judge(variety_now) is None
