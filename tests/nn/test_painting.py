"""Batches that several callers share, whatever is computed in them."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from genart_core.artwork import Artwork, Run
from genart_core.errors import ArtError, RefusedError
from genart_core.nn.painting import CPU_BATCH, Commission, batched, paint


class Caller:
    """A run that wants the doubles of some numbers, and perhaps stops before so many are there."""

    def __init__(self, numbers: Sequence[float], stops_at: int | None = None) -> None:
        self.request: Any = torch.tensor(numbers)[:, None]
        self.stops_at = stops_at
        self.steps: list[tuple[int, int]] = []
        self.wants_preview = False
        self.doubles: list[float] | None = None
        self.failure: str | None = None

    @property
    def stopped(self) -> bool:
        return self.stops_at is not None and bool(self.steps) and self.steps[-1][0] >= self.stops_at

    def input(self, ref: str) -> bytes:
        raise AssertionError

    def progress(self, step: int, total: int) -> None:
        self.steps.append((step, total))

    def token(self, sample: int, text: str) -> None:
        raise AssertionError

    def preview(self, data: bytes, media_type: str, *, width: int, height: int) -> None:
        raise AssertionError

    def finish(self, artwork: Artwork) -> None:
        assert self.doubles is None
        self.doubles = artwork.result["doubles"]

    def fail(self, code: str, detail: str) -> None:
        self.failure = code


def planned(run: Run) -> Commission:
    rows: Tensor = run.request
    if (rows < 0).any():
        raise RefusedError("numbers", "They are negative", "too_large")

    def framed(images: Tensor) -> Artwork:
        if (rows > 1000).any():
            raise ArtError("out_of_frame", "They are too large")
        return Artwork((), {"doubles": images[:, 0].tolist()})

    return Commission(run, (rows, rows.clone()), framed)


def painted(runs: Sequence[Caller], batch: int = 4) -> list[int]:
    """Paint all runs; return how many pictures were computed at once each time."""
    sizes = []

    def compute(rows: Tensor, others: Tensor) -> Tensor:
        sizes.append(len(rows))
        return rows + others

    paint(runs, planned, compute, batch=batch)
    return sizes


@given(
    wishes=st.lists(st.lists(st.integers(0, 100), min_size=1, max_size=15), min_size=1, max_size=5),
    batch=st.integers(1, 20),
)
def test_all_callers_get_what_is_theirs_in_as_few_batches_as_can_be(
    wishes: list[list[float]], batch: int
) -> None:
    runs = [Caller(numbers) for numbers in wishes]

    sizes = painted(runs, batch)

    assert [run.doubles for run in runs] == [[2 * n for n in numbers] for numbers in wishes]
    assert len(sizes) == -(-sum(map(len, wishes)) // batch)
    assert max(sizes) <= batch
    assert [run.steps[-1] for run in runs] == [(len(n), len(n)) for n in wishes]


def test_the_first_caller_is_done_first() -> None:
    first, second = Caller([1.0] * 6), Caller([2.0] * 6)

    painted([first, second])

    assert first.steps == [(4, 6), (6, 6)]
    assert second.steps == [(2, 6), (6, 6)]


@pytest.mark.parametrize(("number", "code"), [(-1.0, "too_large"), (2000.0, "out_of_frame")])
def test_what_is_refused_or_cannot_be_framed_fails_alone(number: float, code: str) -> None:
    wrong, fine = Caller([number]), Caller([3.0])

    painted([wrong, fine])

    assert (wrong.failure, wrong.doubles) == (code, None)
    assert (fine.failure, fine.doubles) == (None, [6.0])


@pytest.mark.parametrize("stops_at", [4, 8])
def test_who_has_stopped_gets_nothing_and_takes_no_more_room(stops_at: int) -> None:
    stopped, other = Caller([1.0] * 8, stops_at=stops_at), Caller([2.0] * 3)

    sizes = painted([stopped, other])

    assert (stopped.doubles, stopped.failure) == (None, None)
    assert sum(sizes) == stops_at + 3
    assert other.doubles == [4.0] * 3


@given(count=st.integers(1, 3 * CPU_BATCH))
def test_every_batch_has_as_many_rows(count: int) -> None:
    sizes = []

    def compute(rows: Tensor, others: Tensor) -> Tensor:
        sizes.append(len(rows))
        return (rows + others).double()

    rows = torch.arange(float(count))
    found = batched(compute, rows, 2 * rows, device="cpu")

    assert set(sizes) == {CPU_BATCH}
    assert torch.equal(found, 3 * rows)
    assert found.dtype is torch.float32
