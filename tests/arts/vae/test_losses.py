"""Losses against closed forms."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.distributions import Laplace, Normal, kl_divergence

from genart_core.arts.vae import losses
from genart_core.arts.vae.losses import detail, reconstruction


def test_the_divergence_is_that_of_two_gaussians() -> None:
    generator = torch.Generator().manual_seed(0)
    mu = torch.randn(50, 7, generator=generator, dtype=torch.float64) * 3
    log_var = torch.randn(50, 7, generator=generator, dtype=torch.float64) * 2
    prior = Normal(torch.zeros_like(mu), torch.ones_like(mu))

    got = losses.kl_divergence(mu, log_var)

    wanted = kl_divergence(Normal(mu, torch.exp(log_var / 2)), prior)
    torch.testing.assert_close(got, wanted, rtol=1e-12, atol=1e-12)


@given(mu=st.floats(-50, 50), log_var=st.floats(-12, 6))
def test_the_divergence_is_never_negative(mu: float, log_var: float) -> None:
    mean = torch.tensor(mu, dtype=torch.float64)
    assert losses.kl_divergence(mean, torch.tensor(log_var, dtype=torch.float64)).item() >= -1e-12


def test_the_divergence_agrees_with_an_integral() -> None:
    mu, deviation = 0.7, 0.4
    x = torch.linspace(-12, 12, 400_001, dtype=torch.float64)
    log_q = Normal(mu, deviation).log_prob(x)  # type: ignore[no-untyped-call]
    log_p = Normal(0.0, 1.0).log_prob(x)  # type: ignore[no-untyped-call]
    wanted = torch.trapezoid(log_q.exp() * (log_q - log_p), x)

    got = losses.kl_divergence(
        torch.tensor(mu, dtype=torch.float64),
        torch.tensor(2 * math.log(deviation), dtype=torch.float64),
    )

    torch.testing.assert_close(got, wanted, rtol=1e-6, atol=1e-6)


def test_laplace_nats_are_those_of_the_density() -> None:
    generator = torch.Generator().manual_seed(1)
    logits, images = torch.randn(3, 2, 4, 4, generator=generator), torch.rand(3, 2, 4, 4)

    got = reconstruction(logits, images, "laplace", scale=0.05)

    wanted = -Laplace(logits.sigmoid(), 0.05).log_prob(images).sum((1, 2, 3))  # type: ignore[no-untyped-call]
    torch.testing.assert_close(got, wanted)


def test_bernoulli_nats_of_a_sure_picture_vanish() -> None:
    images = torch.tensor([0.0, 1.0, 1.0, 0.0]).view(1, 1, 2, 2)
    sure = (2 * images - 1) * 50

    assert reconstruction(sure, images, "bernoulli", scale=1.0).item() == pytest.approx(0, abs=1e-6)
    even = reconstruction(torch.zeros(1, 1, 2, 2), images, "bernoulli", scale=1.0)
    assert even.item() == pytest.approx(4 * math.log(2))


def test_detail_sees_edges_and_no_even_shift() -> None:
    image = torch.zeros(1, 3, 16, 16)
    image[..., 8:] = 1.0

    assert detail(image + 0.3, image).item() == pytest.approx(0, abs=1e-6)
    assert detail(torch.full_like(image, 0.5), image).item() > 0.05


def test_pictures_too_small_for_a_scale_are_measured_at_the_others() -> None:
    assert detail(torch.rand(2, 1, 3, 3), torch.rand(2, 1, 3, 3)).shape == (2,)
