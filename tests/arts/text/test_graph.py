"""The recording of steps, with recorders of the test's own."""

import logging
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from genart_core.arts.text.cell import Cell, Desk
from genart_core.arts.text.graph import EAGER_STEPS, Recorder, Step

from .conftest import random_model


def recorded(step: Step, ids: Tensor) -> tuple[Callable[[], None], Tensor]:
    """Record as CUDA does: a warm-up that steps, then calls that always read and write `ids`."""
    logits = step(ids).clone()

    def replay() -> None:
        logits.copy_(step(ids))

    return replay, logits


def failing(step: Step, ids: Tensor) -> tuple[Callable[[], None], Tensor]:
    """Fail after the state has been stepped on."""
    step(ids)
    raise RuntimeError("operation not permitted when stream is capturing")


def recording(cell: Cell, record: Callable[..., tuple[Callable[[], None], Tensor]]) -> Recorder:
    """Let a cell on the CPU record its steps."""
    cell.recorder = Recorder("cpu", record)
    cell.recorder.is_able = True
    return cell.recorder


def steps(desk: Desk, count: int) -> Tensor:
    """Return the logits of `count` steps; each is copied, as the next may overwrite it."""
    return torch.stack([desk.step(torch.tensor([i % 7, 3])).clone() for i in range(count)])


COUNT = EAGER_STEPS + 20


def test_recorded_steps_are_the_eager_ones() -> None:
    cell = Cell(random_model(), "cpu")
    eager = Desk(cell, [cell.zero()] * 2)
    recording(cell, recorded)
    replayed = Desk(cell, [cell.zero()] * 2)

    assert torch.equal(steps(eager, COUNT), steps(replayed, COUNT))
    for (h, c), (h_replayed, c_replayed) in zip(eager.states(), replayed.states(), strict=True):
        assert torch.equal(h, h_replayed)
        assert torch.equal(c, c_replayed)


def test_steps_are_recorded_once_and_only_for_a_company_that_stays() -> None:
    cell, calls = Cell(random_model(), "cpu"), []

    def counted(step: Step, ids: Tensor) -> tuple[Callable[[], None], Tensor]:
        calls.append(len(ids))
        return recorded(step, ids)

    recording(cell, counted)
    steps(Desk(cell, [cell.zero()] * 2), EAGER_STEPS)
    assert calls == []
    steps(Desk(cell, [cell.zero()] * 2), COUNT)
    assert calls == [2]


def test_failed_recording_is_told_once_and_steps_go_on(caplog: pytest.LogCaptureFixture) -> None:
    cell = Cell(random_model(), "cpu")
    eager = Desk(cell, [cell.zero()] * 2)
    recorder = recording(cell, failing)
    desks = [Desk(cell, [cell.zero()] * 2) for _ in range(2)]

    with caplog.at_level(logging.WARNING):
        found = [steps(desk, COUNT) for desk in desks]

    expected = steps(eager, COUNT)
    assert all(torch.equal(logits, expected) for logits in found)
    assert not recorder.is_able
    assert len(caplog.records) == 1
    assert "launched one by one" in caplog.text


def test_only_cuda_records() -> None:
    assert Recorder("cuda:0").is_able
    assert not Recorder("cpu").is_able
    assert not Recorder("mps").is_able
