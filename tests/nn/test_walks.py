"""Ways between points."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from genart_core.nn.walks import lerp, slerp, walk

shares = st.floats(0.0, 1.0)
seeds = st.integers(0, 1000)


def pair(seed: int, width: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    one, other = torch.randn(2, width, generator=generator, dtype=torch.float64)
    return one, other


@given(seed=seeds, share=shares)
def test_a_great_circle_keeps_to_the_sphere_and_to_the_pace(seed: int, share: float) -> None:
    start, end = (point / point.norm() for point in pair(seed))

    point = slerp(start, end, share)

    assert math.isclose(point.norm().item(), 1.0, abs_tol=1e-9)
    whole = torch.acos((start @ end).clamp(-1, 1)).item()
    gone = torch.acos((start @ point).clamp(-1, 1)).item()
    assert math.isclose(gone, share * whole, abs_tol=1e-6)


@given(seed=seeds)
def test_both_ways_begin_and_end_where_they_should(seed: int) -> None:
    start, end = pair(seed)
    for way in (lerp, slerp):
        torch.testing.assert_close(way(start, end, 0.0), start)
        torch.testing.assert_close(way(start, end, 1.0), end)


@given(seed=seeds, share=shares)
def test_back_is_the_same_way(seed: int, share: float) -> None:
    start, end = pair(seed)
    torch.testing.assert_close(slerp(start, end, share), slerp(end, start, 1.0 - share))


def test_where_no_one_circle_leads_the_way_is_straight() -> None:
    one = torch.tensor([1.0, 0.0])
    for start, end in ((one, one), (one, -one), (one, torch.zeros(2))):
        torch.testing.assert_close(slerp(start, end, 0.25), lerp(start, end, 0.25))


def test_a_loop_passes_each_point_and_ends_a_step_before_the_first() -> None:
    points = torch.stack([*pair(1), *pair(2)])[:3]

    looped = walk(points, 9, is_loop=True, is_spherical=True)
    single = walk(points, 9, is_loop=False, is_spherical=True)

    torch.testing.assert_close(looped[::3], points)
    torch.testing.assert_close(single[::4], points)
    torch.testing.assert_close(looped[8], slerp(points[2], points[0], 2 / 3))
