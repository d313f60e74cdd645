"""How far codes are moved along concepts."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from genart_core.arts.vae.mixture import Mixture
from genart_core.arts.vae.reach import Mover, Reach

# Two classes at -1 and 1 along the first number, which the second one follows in part.
MIXTURE = Mixture(
    torch.tensor([0.5, 0.5]),
    torch.tensor([[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]),
    torch.tensor([[0.2, 0.0, 0.0], [0.1, 1.0, 0.0], [0.0, 0.0, 0.5]]).repeat(2, 1, 1),
)
HAT = torch.tensor([2.0, 0.2, 0.0])
REACH = Reach.of(("hat", "age"), torch.stack([HAT, torch.tensor([0.0, 0.0, 1.0])]), MIXTURE)


def drawn(count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    choice = torch.rand(count, generator=generator)
    return MIXTURE.points(choice, torch.randn(count, 3, generator=generator))


def test_a_class_is_left_for_the_other_in_full() -> None:
    start = MIXTURE.means[:1]

    moved = Mover(REACH).along("hat", start, torch.tensor([1.0]))

    torch.testing.assert_close(moved, start + HAT)


def test_no_strength_leads_beyond_where_codes_lie() -> None:
    points = drawn(2000)
    mover = Mover(REACH)

    far = mover.along("hat", points, torch.full((2000,), 20.0))

    farthest = points[:, 0].quantile(0.99)
    assert far[:, 0].quantile(0.01) > 0.8 * farthest
    assert far[:, 0].quantile(0.98) < 1.3 * farthest
    assert mover.bounded == ["hat"]
    torch.testing.assert_close(far[:, 2], points[:, 2])


@given(st.floats(-3.0, 3.0), st.floats(-20.0, 20.0))
def test_a_step_never_turns_round_and_is_never_longer_than_asked_for(
    place: float, strength: float
) -> None:
    point = torch.tensor([[2.0 * place, 0.2 * place, 0.0]])

    step = float(REACH.steps("hat", point, torch.tensor([strength]))[0])

    assert step * strength >= 0.0
    assert abs(step) <= abs(strength) + 1e-5
    reached = place + step
    assert min(place, REACH.low[0].item()) - 1e-4 <= reached
    assert reached <= max(place, REACH.high[0].item()) + 1e-4


def test_a_move_along_one_concept_is_none_along_another() -> None:
    points = drawn(5)
    before = points @ REACH.normals[1]

    moved = Mover(REACH).along("hat", points, torch.ones(5))

    torch.testing.assert_close(moved @ REACH.normals[1], before, atol=1e-4, rtol=0)


def test_numbers_of_a_code_are_moved_as_told() -> None:
    mover = Mover(REACH)

    moved = mover.along(1, torch.zeros(2, 3), torch.tensor([-9.0, 9.0]))

    assert moved.tolist() == [[0.0, -9.0, 0.0], [0.0, 9.0, 0.0]]
    assert mover.bounded == []


def test_a_model_without_concepts_has_a_reach_too() -> None:
    reach = Reach.of((), torch.zeros(0, 3), MIXTURE)

    assert reach.low.shape == (0,)
