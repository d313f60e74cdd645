"""Truncation: towards typical pictures, at the length that was trained on."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from genart_core.arts.gan.generate import draw
from genart_core.arts.gan.painter import load_painter
from genart_core.arts.gan.truncation import CENTRES, DRAWN, Truncation, nearest, oddness
from genart_core.weights import SHIPPED
from tests.support.gan import TINY, tiny_generator


@pytest.fixture(scope="module")
def truncation() -> Truncation:
    return Truncation(tiny_generator())


def points(count: int, width: int = TINY.latent) -> Tensor:
    return torch.stack([draw(seed, width)[0] for seed in range(count)])


def angle(one: Tensor, other: Tensor) -> float:
    return float(torch.acos(torch.cosine_similarity(one, other, dim=0).clamp(-1.0, 1.0)))


@pytest.mark.parametrize("share", [0.999, 0.5, 0.01])
def test_a_point_keeps_its_share_of_the_way_from_the_nearest_centre(
    truncation: Truncation, share: float
) -> None:
    drawn = points(6)

    led = truncation.led(drawn, [0, 1, 2, 0, 1, 2], share)

    for place, (before, after) in enumerate(zip(drawn, led, strict=True)):
        centre = nearest(before, truncation.centres(place % 3))
        assert angle(after, centre) == pytest.approx(share * angle(before, centre), abs=2e-3)
        wanted = torch.lerp(centre.norm(), before.norm(), share)
        torch.testing.assert_close(after.norm(), wanted)


def test_untruncated_points_are_as_drawn(truncation: Truncation) -> None:
    drawn = points(3)

    assert truncation.led(drawn, [0, 0, 0], 1.0) is drawn


def test_centres_are_the_most_typical_of_their_class(truncation: Truncation) -> None:
    network, label = tiny_generator(), 1
    generator = torch.Generator().manual_seed(label)
    drawn = torch.randn(DRAWN, TINY.latent, generator=generator)
    with torch.no_grad():
        seen = network.features(drawn, torch.full((DRAWN,), label), 2).mean((2, 3))
    odd = oddness(seen)

    centres = truncation.centres(label)

    chosen = [(drawn == centre).all(1).nonzero().item() for centre in centres]
    assert len(set(chosen)) == len(centres) == CENTRES
    assert odd[chosen].max() <= odd.sort().values[CENTRES - 1] * (1 + 1e-4)
    assert not torch.equal(truncation.centres(0), centres)


def test_what_is_far_from_the_rest_is_odd_and_what_never_changes_tells_nothing() -> None:
    features = torch.randn(200, 3, generator=torch.Generator().manual_seed(0))
    features[:, 1] = features[:, 0] + 0.1 * features[:, 1]
    features[:, 2] = 4.0
    features[7] = torch.tensor([1.5, -1.5, 4.0])  # each usual, but not beside the other
    features[9] = features.mean(0)

    found = oddness(features)

    assert (int(found.argmax()), int(found.argmin())) == (7, 9)
    assert found.isfinite().all()


def test_a_generator_without_classes_has_centres_too() -> None:
    plain = Truncation(tiny_generator(config=replace(TINY, classes=0)))

    assert plain.led(points(2), [], 0.5).shape == (2, TINY.latent)


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_pictures_of_the_model_that_ships_keep_their_contrast(share: float) -> None:
    painter = load_painter(SHIPPED / "gan" / "cifar10.safetensors", "cpu")
    drawn, ships = points(24, painter.config.latent), [8] * 24
    shares = torch.eye(painter.config.classes)[ships]

    whole, led = (
        painter.paint(painter.truncation.led(drawn, ships, t), shares) for t in (1, share)
    )

    contrast = [images.std((1, 2, 3)).mean() for images in (whole, led)]
    variety = [images.std(0).mean() for images in (whole, led)]
    assert contrast[1] > 0.7 * contrast[0]
    assert variety[1] < 0.95 * variety[0]
