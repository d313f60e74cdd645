"""Changes of pictures that gradients go through."""

import pytest
import torch

from genart_core.arts.gan.augment import augment, color, cutout, translation
from genart_core.arts.gan.recipe import Change, changes_of

ALL: tuple[Change, ...] = ("color", "translation", "cutout")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pictures(count: int = 64) -> torch.Tensor:
    return torch.rand(count, 3, 16, 16, generator=generator(9)) + 0.5


def test_a_translated_picture_is_the_picture_moved() -> None:
    images = pictures()

    moved = translation(images, generator())

    for before, after in zip(images, moved, strict=True):
        padded = torch.nn.functional.pad(before, (2, 2, 2, 2))
        shifts = [
            (y, x)
            for y in range(5)
            for x in range(5)
            if torch.equal(padded[:, y : y + 16, x : x + 16], after)
        ]
        assert len(shifts) == 1
    assert not torch.equal(images, moved)


@pytest.mark.parametrize("change", ALL)
def test_pictures_are_changed_on_their_own_device(change: Change) -> None:
    elsewhere = pictures().to("meta")  # a device whose tensors don't mix with the CPU's either

    assert augment(elsewhere, [change], generator()).device == elsewhere.device


def test_a_cut_hides_at_most_a_quarter() -> None:
    hidden = (cutout(pictures(), generator()) == 0).all(1).flatten(1).float().mean(1)

    assert 0.0 < hidden.min() <= hidden.max() == 0.25


def test_colour_keeps_what_is_where() -> None:
    images = pictures()

    changed = color(images, generator())

    grey, changed_grey = images.mean(1).flatten(1), changed.mean(1).flatten(1)
    for one, other in zip(grey, changed_grey, strict=True):
        correlation = torch.corrcoef(torch.stack([one, other]))[0, 1]
        assert correlation.item() == pytest.approx(1.0, abs=1e-4)
    assert (grey.mean(1) - changed_grey.mean(1)).abs().max() <= 0.5 + 1e-5


def test_gradients_go_through_all_changes() -> None:
    images = pictures(4).requires_grad_()

    loss = augment(images, ALL, generator()).square().sum()
    (gradient,) = torch.autograd.grad(loss, images)

    assert gradient.abs().flatten(1).amax(1).min() > 0


def test_the_same_draws_make_the_same_changes() -> None:
    one, other = (augment(pictures(), ALL, generator(3)) for _ in range(2))

    assert torch.equal(one, other)
    assert not torch.equal(one, augment(pictures(), ALL, generator(4)))


def test_no_changes_are_none() -> None:
    images = pictures()
    assert augment(images, (), generator()) is images


def test_changes_are_named_in_any_order() -> None:
    assert changes_of("cutout, color") == ("color", "cutout")
    assert changes_of("none") == ()
    with pytest.raises(ValueError, match="Unknown changes blur; known: color, translation, cutout"):
        changes_of("color,blur")
