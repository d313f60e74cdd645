"""L-BFGS and Adam: what they are, how far they get, and that they wait for nothing."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from genart_core.arts.style.layers import Layers
from genart_core.arts.style.losses import evaluate
from genart_core.arts.style.optimise import Adam, Lbfgs, Optimiser, Spectrum
from genart_core.arts.style.targets import Weights, make_goal
from genart_core.arts.style.tiles import Tiled
from genart_core.nn.features import Network

from .conftest import RED, landscape, stripes

Loss = Callable[[Tensor], tuple[Tensor, Tensor]]


def picture(seed: int = 1, side: int = 12) -> Tensor:
    return torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(seed))


def bowl(bottom: Tensor) -> Loss:
    """Return a quadratic with its least at `bottom`, steep along some pixels and flat elsewhere."""
    steep = torch.linspace(0.05, 1.0, bottom.numel()).view(bottom.shape)

    def loss(image: Tensor) -> tuple[Tensor, Tensor]:
        away = image - bottom
        return (0.5 * steep * away.square()).sum()[None], steep * away

    return loss


def follow(optimiser: Optimiser, loss: Loss, steps: int) -> list[float]:
    return [float(optimiser.tell(*loss(optimiser.trial))[-1]) for _ in range(steps)]


def test_lbfgs_finds_the_bottom_of_a_bowl() -> None:
    bottom = 0.2 + 0.6 * picture(2)
    optimiser = Lbfgs(picture(1))

    losses = follow(optimiser, bowl(bottom), 60)

    assert losses[-1] < 1e-6 * losses[0]
    assert (optimiser.best - bottom).abs().max() < 0.01


def test_lbfgs_stays_within_the_range_of_a_picture() -> None:
    optimiser = Lbfgs(picture(1))

    follow(optimiser, bowl(torch.full((1, 3, 12, 12), 1.5)), 30)

    assert optimiser.best.max() == 1.0
    assert optimiser.best.min() > 0.99


def test_lbfgs_takes_back_what_made_it_worse() -> None:
    optimiser, loss = Lbfgs(picture(1)), bowl(picture(2))
    follow(optimiser, loss, 3)
    before, far = optimiser.best.clone(), optimiser.trial.clone()

    told = optimiser.tell(torch.tensor([1e9]), torch.ones_like(before))

    assert torch.equal(optimiser.best, before)
    assert told[-1] < 1e9
    assert not torch.equal(optimiser.trial, far)
    assert follow(optimiser, loss, 40)[-1] < 1e-3


def test_lbfgs_survives_what_is_not_finite() -> None:
    optimiser, loss = Lbfgs(picture(1)), bowl(picture(2))
    before = follow(optimiser, loss, 3)[-1]

    optimiser.tell(torch.tensor([torch.nan]), torch.full((1, 3, 12, 12), torch.nan))

    assert optimiser.trial.isfinite().all()
    assert follow(optimiser, loss, 20)[-1] < before


def test_the_direction_is_that_of_the_two_loop_recursion() -> None:
    generator = torch.Generator().manual_seed(5)
    optimiser = Lbfgs(picture(1), history=4)
    hessian = torch.rand(432, 432, generator=generator, dtype=torch.float64) - 0.5
    hessian = hessian @ hessian.t() / 432 + 0.1 * torch.eye(432, dtype=torch.float64)
    gradient = torch.rand(432, generator=generator) - 0.5
    optimiser.tell(torch.ones(1), gradient.view(1, 3, 12, 12))
    pairs = []
    for _ in range(6):  # two more than are remembered
        step = torch.rand(432, generator=generator) - 0.5
        change = (hessian @ step.double()).float()
        optimiser._remember(step, change)
        pairs.append((step.double(), change.double()))

    direction = optimiser._direction()

    q = optimiser._spectrum.pixels(gradient).double()
    last_step, last_change = pairs[-1]
    alphas = []
    for step, change in reversed(pairs[-4:]):
        alphas.append((step @ q) / (step @ change))
        q = q - alphas[-1] * change
    q = q * (last_step.norm() / last_change.norm())
    for (step, change), alpha in zip(pairs[-4:], reversed(alphas), strict=True):
        q = q + step * (alpha - (change @ q) / (step @ change))
    torch.testing.assert_close(direction.double(), -q, rtol=1e-3, atol=1e-4)


def test_a_pair_that_bends_the_wrong_way_is_not_remembered() -> None:
    optimiser = Lbfgs(picture(1), history=4)
    gradient = picture(3)
    optimiser.tell(torch.ones(1), gradient)
    before = optimiser._direction()

    step = picture(4).flatten()
    optimiser._remember(step, -step)

    assert torch.equal(optimiser._direction(), before)


def test_spectral_coordinates_lead_back_to_pixels() -> None:
    image = torch.rand(1, 3, 15, 22)
    spectrum = Spectrum(image)

    there = spectrum.coordinates(image.flatten())

    torch.testing.assert_close(spectrum.pixels(there), image.flatten(), rtol=1e-4, atol=1e-5)
    other = torch.rand_like(there)  # symmetric, so that a gradient is led the same way
    torch.testing.assert_close(
        spectrum.pixels(there) @ other, there @ spectrum.pixels(other), rtol=1e-4, atol=1e-4
    )


def test_adam_is_torchs_and_gives_the_mean_of_its_iterates() -> None:
    bottom, start = 0.3 + 0.4 * picture(2), 0.3 + 0.4 * picture(1)
    optimiser, loss = Adam(start), bowl(bottom)
    x = start.clone().requires_grad_()
    torchs = torch.optim.Adam([x], lr=0.02, betas=(0.9, 0.99))
    mean, weight = torch.zeros_like(start), 0.0
    for _ in range(25):
        x.grad = loss(x.detach())[1]
        torchs.step()
        mean, weight = 0.99 * mean + 0.01 * x.detach(), 0.99 * weight + 0.01

    follow(optimiser, loss, 25)

    torch.testing.assert_close(optimiser.trial, x.detach(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(optimiser.best, mean / weight, rtol=1e-4, atol=1e-5)


def test_adams_moments_are_carried_over_to_a_finer_scale() -> None:
    coarse = Adam(torch.full((1, 3, 8, 8), 0.5))
    slope = torch.full((1, 3, 8, 8), 0.04)
    for _ in range(300):
        coarse.tell(torch.zeros(1), slope)
    fine = Adam(torch.full((1, 3, 16, 16), 0.5), coarse)

    # With four times the pixels each has a quarter of the gradient: nothing is new to it.
    fine.tell(torch.zeros(1), torch.full((1, 3, 16, 16), 0.01))

    torch.testing.assert_close(fine.trial, torch.full((1, 3, 16, 16), 0.48), rtol=1e-3, atol=1e-3)
    fresh = Adam(torch.full((1, 3, 16, 16), 0.5))
    fresh.tell(torch.zeros(1), torch.full((1, 3, 16, 16), -0.01))
    carried = Adam(torch.full((1, 3, 16, 16), 0.5), coarse)
    carried.tell(torch.zeros(1), torch.full((1, 3, 16, 16), -0.01))
    assert carried.trial.mean() < 0.5 < fresh.trial.mean()  # it still goes the old way


@pytest.mark.parametrize("kind", [Lbfgs, Adam])
def test_no_value_is_waited_for(kind: type[Lbfgs] | type[Adam]) -> None:
    class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's
        def __torch_dispatch__(
            self, function: Any, types: Any, args: Any = (), kwargs: Any = None
        ) -> Any:
            name = str(function)
            assert "_local_scalar_dense" not in name, "a value left its device"
            assert "nonzero" not in name, "a size depends on values"
            return function(*args, **(kwargs or {}))

    optimiser, loss = kind(picture(1)), bowl(picture(2))
    with Watch():  # type: ignore[no-untyped-call]  # torch's
        for _ in range(14):
            optimiser.tell(*loss(optimiser.trial))


@pytest.mark.parametrize("start", ["content", "noise"])
def test_lbfgs_needs_60_evaluations_for_what_adam_reaches_in_200(
    network: Network, layers: Layers, start: str
) -> None:
    extractor = network.cut(layers.names, dtype=torch.float32)
    content = landscape(48, 48)[None]
    goal = make_goal(
        lambda seen: Tiled(extractor, 256, 0),
        layers,
        Weights(1.0, 10.0, 1.0, (1.0,)),
        content=content,
        styles=[stripes(RED, height=48, width=48)[None]],
        masks=None,
    )
    image = content if start == "content" else picture(7, side=48)

    def loss(seen: Tensor) -> tuple[Tensor, Tensor]:
        return evaluate(extractor, goal, seen)

    adam = Adam(image)
    follow(adam, loss, 200)
    reached = float(loss(adam.best)[0][-1])

    assert follow(Lbfgs(image), loss, 60)[-1] <= reached
