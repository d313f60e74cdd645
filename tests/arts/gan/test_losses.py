"""What the players minimise, against their definitions in float64."""

import math

import pytest
import torch

from genart_core.arts.gan.losses import accuracy, discriminator_loss, generator_loss

REAL = torch.tensor([2.0, 0.5, -1.0], dtype=torch.float64)
DRAWN = torch.tensor([-3.0, -0.25, 1.5], dtype=torch.float64)


def sigmoid(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x))


def test_bce_is_the_log_likelihood_of_right_answers() -> None:
    wanted = -sum(math.log(sigmoid(x)) for x in REAL.tolist()) / 3
    wanted -= sum(math.log(1.0 - sigmoid(x)) for x in DRAWN.tolist()) / 3

    assert discriminator_loss("bce", REAL, DRAWN).item() == pytest.approx(wanted, rel=1e-12)


def test_the_generator_of_bce_does_not_saturate() -> None:
    wanted = -sum(math.log(sigmoid(x)) for x in DRAWN.tolist()) / 3
    assert generator_loss("bce", DRAWN).item() == pytest.approx(wanted, rel=1e-12)

    hopeless = torch.tensor([-50.0], dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(generator_loss("bce", hopeless), hopeless)
    assert gradient.item() == pytest.approx(-1.0)


def test_hinge_counts_what_lies_within_the_margin() -> None:
    wanted = (0.0 + 0.5 + 2.0) / 3 + (0.0 + 0.75 + 2.5) / 3

    assert discriminator_loss("hinge", REAL, DRAWN).item() == pytest.approx(wanted, rel=1e-12)
    assert generator_loss("hinge", DRAWN).item() == pytest.approx(1.75 / 3, rel=1e-12)


def test_guessing_is_right_half_of_the_time() -> None:
    assert accuracy(torch.ones(4), torch.ones(4)) == 0.5
    assert accuracy(REAL, DRAWN) == pytest.approx(2 / 3)
