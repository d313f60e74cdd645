"""Points: drawn, on a grid; and the mixture that they are drawn from."""

import pytest
import torch

from genart_core.arts.vae.mixture import Mixture, fit
from genart_core.arts.vae.sampling import draw, grid, spaced


def points(count: int, width: int = 8, seed: int = 0) -> torch.Tensor:
    return torch.randn(count, width, generator=torch.Generator().manual_seed(seed))


def test_a_grid_is_laid_out_row_by_row() -> None:
    def right(points: torch.Tensor, strengths: torch.Tensor) -> torch.Tensor:
        return points + strengths[:, None] * torch.tensor([1.0, 0.0])

    def below(points: torch.Tensor, strengths: torch.Tensor) -> torch.Tensor:
        return points + strengths[:, None] * torch.tensor([0.0, 1.0])

    cells = grid(torch.zeros(2), right, below, columns=[-1.0, 0.0, 1.0], rows=[0.0, 5.0])

    assert cells.tolist() == [[-1, 0], [0, 0], [1, 0], [-1, 5], [0, 5], [1, 5]]
    assert spaced([-2.0, 2.0], 5) == [-2.0, -1.0, 0.0, 1.0, 2.0]
    assert spaced([-2.0, 4.0], 1) == [1.0]


def test_a_seed_draws_the_same_point_and_temperature_spreads_it() -> None:
    mixture = Mixture(torch.ones(1), torch.full((1, 8), 3.0), torch.eye(8)[None])

    assert torch.equal(draw(5, mixture), draw(5, mixture))
    assert not torch.equal(draw(6, mixture), draw(5, mixture))
    assert torch.equal(draw(5, mixture, temperature=0.0), torch.full((8,), 3.0))
    near, far = ((draw(5, mixture, temperature=t) - 3.0).norm() for t in (0.5, 2.0))
    torch.testing.assert_close(far, 4 * near)


def test_the_mixture_finds_the_clusters_that_there_are() -> None:
    generator = torch.Generator().manual_seed(0)
    centres = torch.tensor([[4.0, 0.0], [-4.0, 0.0], [0.0, 5.0]])
    which = torch.multinomial(torch.tensor([0.5, 0.3, 0.2]), 6000, True, generator=generator)
    stretch = torch.tensor([[1.0, 0.0], [0.6, 0.4]])
    data = centres[which] + torch.randn(6000, 2, generator=generator) @ stretch.T

    mixture = fit(data, 3, generator)

    order = mixture.shares.argsort(descending=True)
    torch.testing.assert_close(
        mixture.shares[order], torch.tensor([0.5, 0.3, 0.2]), atol=0.03, rtol=0
    )
    torch.testing.assert_close(mixture.means[order], centres, atol=0.15, rtol=0)
    covariance = mixture.roots[order[0]] @ mixture.roots[order[0]].T
    torch.testing.assert_close(covariance, stretch @ stretch.T, atol=0.1, rtol=0)


def test_a_mixture_foretells_its_own_clusters_better_than_one_gaussian() -> None:
    generator = torch.Generator().manual_seed(1)
    data = torch.randn(3000, 4, generator=generator)
    data[:, 0] += 6.0 * (torch.rand(3000, generator=generator) < 0.5)
    train, test = data[:2000], data[2000:]

    one, two = (fit(train, k, generator).log_likelihood(test).mean() for k in (1, 2))

    assert two > one + 0.4


def test_log_likelihoods_are_those_of_a_gaussian() -> None:
    root = torch.tensor([[2.0, 0.0], [0.5, 1.5]])
    mixture = Mixture(torch.ones(1), torch.tensor([[1.0, -1.0]]), root[None])
    wanted = torch.distributions.MultivariateNormal(mixture.means[0], scale_tril=root)
    data = points(20, 2)

    torch.testing.assert_close(mixture.log_likelihood(data), wanted.log_prob(data))  # type: ignore[no-untyped-call]


def test_draws_of_a_mixture_have_its_shares_and_means() -> None:
    mixture = Mixture(
        torch.tensor([0.25, 0.75]), torch.tensor([[-9.0], [9.0]]), torch.ones(2, 1, 1)
    )
    generator = torch.Generator().manual_seed(0)

    drawn = mixture.points(
        torch.rand(20_000, generator=generator), torch.randn(20_000, 1, generator=generator)
    )

    assert (drawn > 0).float().mean().item() == pytest.approx(0.75, abs=0.01)
    assert drawn[drawn > 0].mean().item() == pytest.approx(9.0, abs=0.05)
    assert drawn[drawn > 0].std().item() == pytest.approx(1.0, abs=0.05)


def test_few_points_get_few_components() -> None:
    mixture = fit(points(30, 4), 16, torch.Generator().manual_seed(0))

    assert len(mixture.shares) == 2
    assert mixture.log_likelihood(points(5, 4)).isfinite().all()


def two_clusters() -> Mixture:
    roots = torch.tensor([[[2.0, 0.0], [0.5, 1.5]], [[0.3, 0.0], [0.0, 0.2]]])
    return Mixture(torch.tensor([0.3, 0.7]), torch.tensor([[4.0, 0.0], [-1.0, 2.0]]), roots)


def drawn_of(mixture: Mixture, count: int = 200_000) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    choice = torch.rand(count, generator=generator)
    return mixture.points(choice, torch.randn(count, 2, generator=generator))


def test_the_one_gaussian_has_the_mean_and_covariance_of_the_mixture() -> None:
    drawn, one = drawn_of(two_clusters()), two_clusters().gaussian()

    torch.testing.assert_close(one.means[0], drawn.mean(0), atol=0.02, rtol=0)
    torch.testing.assert_close(one.roots[0] @ one.roots[0].T, drawn.T.cov(), atol=0.05, rtol=0)


@pytest.mark.parametrize("share", [0.005, 0.5, 0.995])
def test_quantiles_are_those_of_draws(share: float) -> None:
    directions = torch.tensor([[1.0, 0.0], [0.6, -0.8]])

    found = two_clusters().quantiles(directions, share)

    below = (drawn_of(two_clusters()) @ directions.T < found).double().mean(0)
    torch.testing.assert_close(below, torch.full((2,), share).double(), atol=0.004, rtol=0)
