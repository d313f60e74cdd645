"""Ways between points."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from genart_core.nn.walks import lerp, slerp, walk

shares = st.floats(0.0, 1.0)
seeds = st.integers(0, 1000)
numbers = st.lists(st.floats(-5, 5), min_size=4, max_size=4)


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


@given(seed=seeds, share=shares)
def test_back_is_the_same_way(seed: int, share: float) -> None:
    start, end = pair(seed)
    torch.testing.assert_close(slerp(start, end, share), slerp(end, start, 1.0 - share))


@given(start=numbers, end=numbers)
def test_whatever_the_points_both_ways_lead_from_one_to_the_other(
    start: list[float], end: list[float]
) -> None:
    first, last = torch.tensor(start), torch.tensor(end)
    for way in (lerp, slerp):
        torch.testing.assert_close(way(first, last, 0.0), first, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(way(first, last, 1.0), last, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("end", [[1.0, 0.0], [2.0, 0.0], [-1.0, 0.0], [0.0, 0.0], [1.0, 1e-7]])
def test_where_no_one_circle_leads_the_way_is_straight(end: list[float]) -> None:
    one, other = torch.tensor([1.0, 0.0]), torch.tensor(end)
    for start, stop in ((one, other), (other, one)):
        torch.testing.assert_close(slerp(start, stop, 0.25), lerp(start, stop, 0.25))


def test_a_loop_passes_each_point_and_ends_a_step_before_the_first() -> None:
    points = torch.stack([*pair(1), *pair(2)])[:3]

    way = walk(points, 9, is_loop=True, is_spherical=True)

    torch.testing.assert_close(way[::3], points)
    torch.testing.assert_close(way[8], slerp(points[2], points[0], 2 / 3))


def test_an_open_walk_ends_at_its_last_point() -> None:
    points = torch.stack([*pair(1), *pair(2)])[:3]

    way = walk(points, 5, is_loop=False, is_spherical=False)

    torch.testing.assert_close(way[::2], points)
    torch.testing.assert_close(way[1], (points[0] + points[1]) / 2)
