"""Recorded steps, with a recorder that only pretends: CUDA's is checked by `make gpu`."""

import logging
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from genart_core.nn.graph import Recorder, Step


def pretend(step: Step) -> tuple[Callable[[], None], Tensor]:
    """Run a step as warming up does, then replay it into one output."""
    output = step().clone()

    def replay() -> None:
        output.copy_(step())

    return replay, output


def refuse(step: Step) -> tuple[Callable[[], None], Tensor]:
    """Fail after a step, as a device does that can't record it."""
    step()
    raise RuntimeError("operation not permitted when stream is capturing")


def counter() -> tuple[Tensor, Step]:
    state = torch.zeros(3)
    return state, lambda: state.add_(1.0).sum()


def test_recorded_steps_begin_where_the_state_was() -> None:
    state, step = counter()
    recorder = Recorder("cuda:0", pretend)

    replayed = recorder.recorded(step, [state])

    assert state.tolist() == [0.0, 0.0, 0.0]
    assert [float(replayed()) for _ in range(2)] == [3.0, 6.0]


def test_what_cannot_be_recorded_is_launched_step_by_step(
    caplog: pytest.LogCaptureFixture,
) -> None:
    state, step = counter()
    recorder = Recorder("cuda:0", refuse)

    with caplog.at_level(logging.WARNING):
        same = recorder.recorded(step, [state])

    assert same is step
    assert state.tolist() == [0.0, 0.0, 0.0]
    assert not recorder.is_able
    assert "one by one: operation not permitted" in caplog.text


@pytest.mark.parametrize("device", ["cpu", "mps"])
def test_other_devices_record_nothing(device: str) -> None:
    state, step = counter()

    assert Recorder(device, pretend).recorded(step, [state]) is step
