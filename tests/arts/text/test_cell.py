"""Rounding, the ways to multiply, and the recording of steps with a recorder of the test's own."""

import logging
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from genart_core.arts.text import cell as module
from genart_core.arts.text.cell import Cell, Desk, IntMatrix, is_int8_exact
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


def test_a_device_that_multiplies_in_less_than_fp32_gets_fp64(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weight = torch.randint(-127, 128, (64, 128), generator=torch.Generator().manual_seed(0))
    weight = weight.to(torch.int8)
    wide = weight.t().contiguous().double()
    assert module._is_exact(wide.float(), wide)
    assert not module._is_exact(wide.bfloat16().float() + 0.25, wide)  # as if products were rounded

    monkeypatch.setattr(module, "is_int8_exact", lambda: False)
    assert IntMatrix(weight, "cpu").transposed.dtype == torch.float32
    monkeypatch.setattr(module, "_is_exact", lambda narrow, wide: False)
    assert IntMatrix(weight, "cpu").transposed.dtype == torch.float64


@pytest.mark.parametrize("rows", [1, 2, 17])
def test_products_are_exact_at_the_ends_of_the_range(rows: int) -> None:
    weight = torch.full((128, 1024), 127, dtype=torch.int8)
    weight[::3] = -127
    x = torch.full((rows, 1024), -127.0)
    x[::2] = 127.0
    matrix = IntMatrix(weight, "cpu")

    product = matrix(x.to(matrix.dtype(rows)))

    assert torch.equal(product.double(), x.double() @ weight.t().double())


def test_packing_leaves_torch_as_it_was() -> None:
    engine = torch.backends.quantized.engine
    is_int8_exact.cache_clear()

    is_int8_exact()

    assert torch.backends.quantized.engine == engine
