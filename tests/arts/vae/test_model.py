"""The network: its draws, its enlargements, its shapes."""

import pytest
import torch
import torch.nn.functional as F

from genart_core.arts.vae.model import Autoencoder, Config, Enlargement, reparameterise
from tests.support.codes import TINY


def test_a_draw_has_the_mean_and_the_variance_that_the_encoder_says() -> None:
    mu, variance = torch.tensor([[2.0, -1.0]]), torch.tensor([[0.25, 4.0]])
    noise = torch.randn(200_000, 2, generator=torch.Generator().manual_seed(0))

    z = reparameterise(mu, variance.log(), noise)

    torch.testing.assert_close(z.mean(0), mu[0], atol=0.02, rtol=0)
    # exp(log_var) instead of exp(log_var / 2) would give 0.0625 and 16
    torch.testing.assert_close(z.var(0), variance[0], atol=0.05, rtol=0)


def test_gradients_reach_mean_and_variance_through_a_draw() -> None:
    mu = torch.zeros(1, 3, requires_grad=True)
    log_var = torch.zeros(1, 3, requires_grad=True)
    noise = torch.tensor([[1.0, -2.0, 0.5]])

    reparameterise(mu, log_var, noise).sum().backward()  # type: ignore[no-untyped-call]

    assert mu.grad is not None
    assert log_var.grad is not None
    torch.testing.assert_close(mu.grad, torch.ones(1, 3))
    torch.testing.assert_close(log_var.grad, 0.5 * noise)


def test_an_enlargement_is_the_nearest_pixels_and_a_convolution() -> None:
    generator = torch.Generator().manual_seed(0)
    layer = Enlargement(3, 5)
    x = torch.randn(2, 3, 7, 6, generator=generator)
    wanted = F.conv2d(F.interpolate(x, scale_factor=2), layer.weight, layer.bias, padding=1)

    torch.testing.assert_close(layer(x), wanted)
    torch.testing.assert_close(layer.as_transposed()(x), wanted)


def test_an_even_map_is_enlarged_without_a_checkerboard() -> None:
    layer = Enlargement(4, 4)

    even = layer(torch.ones(1, 4, 6, 6))[..., 2:-2, 2:-2]

    torch.testing.assert_close(even, even[..., :1, :1].expand_as(even))


@pytest.mark.parametrize(
    ("size", "channels", "smallest"), [(28, 1, 7), (32, 3, 4), (64, 3, 4), (48, 3, 6)]
)
def test_pictures_of_many_sizes_come_back_in_their_size(
    size: int, channels: int, smallest: int
) -> None:
    config = Config.sized(size, channels=channels, latent=8, width=2)
    network = Autoencoder(config)

    logits, mu, log_var = network(torch.rand(3, channels, size, size), torch.zeros(3, 8))

    assert logits.shape == (3, channels, size, size)
    assert mu.shape == log_var.shape == (3, 8)
    assert config.smallest == smallest


@pytest.mark.parametrize("size", [30, 63, 100])
def test_a_size_that_cant_be_halved_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        Config.sized(size, channels=3, latent=8, width=2)


def test_the_tiny_network_still_gives_its_numbers() -> None:
    network = Autoencoder(TINY, torch.Generator().manual_seed(0)).eval()
    ramp = torch.linspace(0, 1, 3 * 16 * 16).view(1, 3, 16, 16)

    mu, log_var = network.encoder(ramp)
    logits = network.decoder(torch.linspace(-1, 1, 6)[None])

    torch.testing.assert_close(mu[0, :4], torch.tensor(MU), atol=1e-4, rtol=0)
    torch.testing.assert_close(log_var[0, :4], torch.tensor(LOG_VAR), atol=1e-4, rtol=0)
    torch.testing.assert_close(logits[0, 1, 5, :5], torch.tensor(LOGITS), atol=1e-4, rtol=0)


MU = [0.2857, -0.0426, -0.07, -0.1098]
LOG_VAR = [0.1756, -0.0282, 0.0404, -0.0437]
LOGITS = [-0.0962, -0.0911, -0.2118, 0.4854, 0.9374]
