"""The two players: what they are made of, and what decides what they say."""

import pytest
import torch

from genart_core.arts.gan.model import (
    ClassNorm,
    Config,
    Critic,
    Discriminator,
    Generator,
    Spectral,
    config_of,
    statistics_kept,
)
from tests.support.gan import TINY, tiny_generator


@pytest.mark.parametrize(
    "layer",
    [
        torch.nn.Conv2d(3, 8, 4, 2, 1),
        torch.nn.Linear(12, 5),
        torch.nn.Embedding(7, 16),
    ],
    ids=["convolution", "linear", "embedding"],
)
def test_spectral_norm_divides_by_the_largest_singular_value(
    layer: torch.nn.Conv2d | torch.nn.Linear | torch.nn.Embedding,
) -> None:
    spectral = Spectral(layer)
    for _ in range(200):
        spectral.weight()

    weight = spectral.weight()

    largest = torch.linalg.svdvals(layer.weight.flatten(1).double())[0]
    torch.testing.assert_close(
        weight.double(), layer.weight.double() / largest, rtol=1e-4, atol=1e-6
    )
    assert torch.linalg.matrix_norm(weight.flatten(1), 2).item() == pytest.approx(1.0, rel=1e-4)


def test_power_iteration_rests_outside_training() -> None:
    spectral = Spectral(torch.nn.Linear(6, 4)).eval()
    before = spectral.u.clone()

    spectral.weight()

    assert torch.equal(spectral.u, before)


def test_the_gradient_of_spectral_norm_is_that_of_the_quotient() -> None:
    spectral = Spectral(torch.nn.Linear(5, 4).double())
    spectral.u = spectral.u.double()
    for _ in range(300):
        spectral.weight()
    weight = spectral.layer.weight
    scale = torch.randn(4, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))

    (got,) = torch.autograd.grad((spectral.weight() * scale).sum(), weight)
    (wanted,) = torch.autograd.grad(
        (weight / torch.linalg.matrix_norm(weight, 2) * scale).sum(), weight
    )

    torch.testing.assert_close(got, wanted)


@pytest.mark.parametrize("size", [8, 16, 32, 64])
def test_pictures_have_the_size_that_is_asked_for(size: int) -> None:
    config = Config(size=size, latent=4, width=2, depth=1, classes=3)
    network = Generator(config).eval()

    images = network(torch.randn(2, 4), torch.tensor([0, 2]))

    assert images.shape == (2, 3, size, size)
    assert images.abs().max() <= 1.0


def test_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="48 px"):
        Config(size=48)


def test_what_is_no_configuration_is_told() -> None:
    with pytest.raises(ValueError, match="no generator's configuration"):
        config_of({"size": 32, "style": 3})


def test_the_class_decides() -> None:
    network = tiny_generator()
    latents = torch.randn(4, TINY.latent, generator=torch.Generator().manual_seed(0))

    images = network(latents.repeat(2, 1), torch.tensor([0] * 4 + [1] * 4))

    between = (images[:4] - images[4:]).abs().mean()
    assert between > 0.05


def test_a_class_norm_is_a_batch_norm_for_each_class() -> None:
    norm = ClassNorm(3, 2)
    x = torch.randn(8, 3, 4, 4)
    classes = torch.tensor([0, 1] * 4)
    with torch.no_grad():
        norm.gain.copy_(torch.tensor([[1.0, 2.0, 3.0], [0.5, 0.1, 0.0]]))
        norm.bias.copy_(torch.tensor([[0.0, 1.0, 0.0], [0.2, 0.0, 7.0]]))

    got = norm(x, classes)

    plain = torch.nn.functional.batch_norm(x, None, None, training=True)
    wanted = plain * norm.gain[classes][:, :, None, None] + norm.bias[classes][:, :, None, None]
    torch.testing.assert_close(got, wanted)


def test_statistics_can_be_kept() -> None:
    norm = ClassNorm(3, 0)
    with statistics_kept(norm):
        norm(torch.randn(8, 3, 4, 4) + 5.0, torch.zeros(8, dtype=torch.long))
    assert norm.mean.abs().max() == 0

    norm(torch.randn(8, 3, 4, 4) + 5.0, torch.zeros(8, dtype=torch.long))
    assert norm.mean.min() > 0.3


@pytest.mark.parametrize("spectral", [True, False])
@pytest.mark.parametrize("depth", [0, 1])
def test_a_discriminator_judges_each_picture_once(spectral: bool, depth: int) -> None:
    network = Discriminator(Critic(size=16, width=4, depth=depth, classes=3, spectral=spectral))

    logits = network(torch.randn(5, 3, 16, 16), torch.tensor([0, 1, 2, 0, 1]))

    assert logits.shape == (5,)


def test_a_discriminator_projects_on_the_class() -> None:
    network = Discriminator(
        Critic(size=16, width=4, classes=2), torch.Generator().manual_seed(0)
    ).eval()
    image = torch.randn(1, 3, 16, 16)
    features = network.features(image).sum((2, 3))
    embedding = network.embedding
    assert isinstance(embedding, Spectral)

    both = network(image.expand(2, -1, -1, -1), torch.tensor([0, 1]))

    wanted = (features @ (embedding.weight()[0] - embedding.weight()[1]))[0]
    torch.testing.assert_close(both[0] - both[1], wanted)


def test_without_classes_they_play_no_part() -> None:
    network = Discriminator(Critic(size=16, width=4, classes=0))
    image = torch.randn(1, 3, 16, 16).expand(2, -1, -1, -1)

    one, other = network.eval()(image, torch.tensor([0, 9]))

    assert one == other
