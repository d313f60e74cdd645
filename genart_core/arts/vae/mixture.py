"""A mixture of Gaussians: where among all codes those of real pictures lie.

1. Dempster, Laird, Rubin, Maximum likelihood from incomplete data via the EM algorithm, 1977.
2. Arthur & Vassilvitskii, k-means++, 2007 (where the components start).
3. Ghosh et al., From variational to deterministic autoencoders, arXiv:1903.12436 (a density that is
   fitted to the codes afterwards).
4. Wilson & Hilferty, The distribution of chi-square, PNAS 17, 1931.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

FLOOR = 1e-3  # added to each variance, so that no component falls upon a few points
TAILS, HALVINGS = 8.0, 40  # where quantiles are looked for, in standard deviations, and how finely
POINTS_PER_DIMENSION = 3  # at the least, for the covariance of each component


@dataclass(frozen=True)
class Mixture:
    """`shares` `(K,)`, `means` `(K, L)` and the lower Cholesky factors `roots` `(K, L, L)`."""

    shares: Tensor
    means: Tensor
    roots: Tensor

    def points(self, choice: Tensor, noise: Tensor) -> Tensor:
        """Return `(B, L)`: uniform numbers `choice` `(B,)` choose components, `noise` the places.

        `noise` is standard normal `(B, L)`.
        """
        edges = self.shares.cumsum(0)
        component = torch.searchsorted(edges, choice * edges[-1]).clamp(max=len(edges) - 1)
        return self.means[component] + (self.roots[component] @ noise[:, :, None])[..., 0]

    def gaussian(self) -> "Mixture":
        """Return the one Gaussian of the same mean and covariance."""
        shares = self.shares / self.shares.sum()
        mean = shares @ self.means
        apart = self.means - mean
        covariances = self.roots @ self.roots.mT + apart[:, :, None] * apart[:, None, :]
        root = torch.linalg.cholesky((shares[:, None, None] * covariances).sum(0))
        return Mixture(torch.ones_like(shares[:1]), mean[None], root[None])

    def quantiles(self, directions: Tensor, share: float) -> Tensor:
        """Return the numbers `(n,)` below which a share of codes is along directions `(n, L)`."""
        centres = directions.double() @ self.means.T.double()  # (n, K)
        spreads = torch.einsum("kij,ni->nkj", self.roots.double(), directions.double()).norm(dim=2)
        spreads = spreads.clamp(min=1e-12)
        low, high = ((centres + side * spreads).T for side in (-TAILS, TAILS))
        below, above = low.amin(0), high.amax(0)
        for _ in range(HALVINGS):
            middle: Tensor = (below + above) / 2
            ranks = torch.special.ndtr((middle[:, None] - centres) / spreads) @ self.shares.double()
            is_low = ranks < share * self.shares.sum()
            below, above = torch.where(is_low, middle, below), torch.where(is_low, above, middle)
        middle = (below + above) / 2
        return middle.to(directions.dtype)

    def deviations(self, points: Tensor) -> Tensor:
        """Return `(K, N, L)`: points `(N, L)` as the noise that gives them, for each component."""
        apart = (points - self.means[:, None]).mT
        noise: Tensor = torch.linalg.solve_triangular(self.roots, apart, upper=False)
        return noise.mT

    def within(self, points: Tensor, distance: float) -> Tensor:
        """Return `(K, N, L)`: points no further than so many deviations from each centre."""
        noise = self.deviations(points)
        lengths = noise.norm(dim=2, keepdim=True).clamp(min=1e-12)
        shorter = (distance / lengths).clamp(max=1.0)
        nearer: Tensor = self.means[:, None] + (noise * shorter) @ self.roots.mT
        return nearer

    def log_likelihood(self, points: Tensor) -> Tensor:
        """Return the log-density `(N,)` of points `(N, L)` in nats."""
        return _joint(self, points).logsumexp(1)


def radius(width: int, share: float) -> float:
    """Return the distance from its centre that a share of a normal distribution keeps (4).

    It is the root of the quantile of chi-square with `width` degrees of freedom.
    """
    spread = 2.0 / (9.0 * width)
    normal = torch.special.ndtri(torch.tensor(share, dtype=torch.float64)).item()
    cube: float = max(0.0, 1.0 - spread + normal * math.sqrt(spread)) ** 3
    return math.sqrt(width * cube)


def fit(points: Tensor, components: int, generator: torch.Generator, rounds: int = 60) -> Mixture:
    """Return a mixture of at most `components` that fits points `(N, L)` (1)."""
    count, width = points.shape
    components = max(1, min(components, count // (POINTS_PER_DIMENSION * width)))
    centres = _scattered(points, components, generator)
    nearest = torch.cdist(points, centres).argmin(1)
    belonging = torch.nn.functional.one_hot(nearest, components).to(points.dtype)
    mixture = _maximised(points, belonging)
    before = -math.inf
    for _ in range(rounds):
        joint = _joint(mixture, points)
        level = joint.logsumexp(1, keepdim=True)
        mixture = _maximised(points, (joint - level).exp())
        now = level.mean().item()
        if now - before < 1e-3:
            break
        before = now
    return mixture


def _joint(mixture: Mixture, points: Tensor) -> Tensor:
    """Return `(N, K)`: log-densities of points together with each component."""
    columns = []
    for share, mean, root in zip(mixture.shares, mixture.means, mixture.roots, strict=True):
        white = torch.linalg.solve_triangular(root, (points - mean).T, upper=False)
        spread = root.diagonal().log().sum() + 0.5 * len(mean) * math.log(2.0 * math.pi)
        columns.append(share.clamp(min=1e-30).log() - spread - 0.5 * white.square().sum(0))
    return torch.stack(columns, dim=1)


def _maximised(points: Tensor, belonging: Tensor) -> Mixture:
    """Return the likeliest mixture for points that belong `(N, K)` to components (1)."""
    weights = belonging.sum(0)
    means = (belonging.T @ points) / weights.clamp(min=1e-6)[:, None]
    floor = FLOOR * torch.eye(points.shape[1], dtype=points.dtype)
    roots = []
    for mean, weight, column in zip(means, weights, belonging.T, strict=True):
        centred = points - mean
        covariance = (centred * column[:, None]).T @ centred / weight.clamp(min=1e-6)
        roots.append(torch.linalg.cholesky(covariance + floor))
    return Mixture(weights / weights.sum(), means, torch.stack(roots))


def _scattered(points: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Return `count` of the points that lie apart (2)."""
    chosen = [points[int(torch.randint(len(points), (), generator=generator))]]
    distances = (points - chosen[0]).square().sum(1)
    while len(chosen) < count:
        chosen.append(points[int(torch.multinomial(distances + 1e-9, 1, generator=generator))])
        distances = torch.minimum(distances, (points - chosen[-1]).square().sum(1))
    return torch.stack(chosen)
