"""The stepping cells."""

from collections.abc import Callable
from typing import TypeAlias

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genart_core.arts.text import cell as cells
from genart_core.arts.text import matrix as module
from genart_core.arts.text.cell import Cell
from genart_core.arts.text.generate import MAX_ROWS
from genart_core.arts.text.matrix import IntMatrix, _has_fbgemm, is_int8_exact
from genart_core.arts.text.native.library import Library
from genart_core.arts.text.stored import StoredModel, padded, unpack
from genart_core.native.kernel import Kernel

from .conftest import random_model

Maker: TypeAlias = Callable[[StoredModel], Cell]

# What each way in torch is left with: packed weights, `_int_mm` alone, neither.
WAYS = {"packed": (True, True), "int8": (True, False), "float": (False, False)}


def has_way(
    monkeypatch: pytest.MonkeyPatch, way: str, native: Kernel[Library] | None = None
) -> bool:
    """Leave only one way of stepping; return whether this machine has it."""
    if native is not None and way == "native":
        monkeypatch.setattr(cells, "kernel", lambda: native)
        return native.wait() is not None
    is_exact, is_packed = WAYS[way]
    if (is_exact and not is_int8_exact()) or (is_packed and not _has_fbgemm()):
        return False
    monkeypatch.setattr(module, "is_int8_exact", lambda: is_exact)
    monkeypatch.setattr(module, "_has_fbgemm", lambda: is_packed)
    return True


@pytest.fixture(params=[*WAYS, "native"])
def make(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, native: Kernel[Library]
) -> Maker:
    if not has_way(monkeypatch, request.param, native):
        pytest.skip("this machine steps otherwise")
    return lambda model: Cell(model, "cpu")


@pytest.mark.parametrize(("hidden", "layers"), [(64, 1), (48, 2), (80, 3)])
def test_steps_agree_with_the_network(make: Maker, hidden: int, layers: int) -> None:
    model = random_model(hidden=hidden, layers=layers, gain=1.5)
    cell = make(model)
    size = len(model.vocabulary)
    ids = torch.randint(size, (30, 2), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected, _ = unpack(model.config, model.tensors)(ids)

    desk = cell.seat([cell.zero(), cell.zero()])
    found = torch.stack([desk.step(row) for row in ids])

    assert (found[:, :, :size] - expected).abs().max() < 0.1  # hidden states are rounded
    assert found.shape[2] == padded(size)
    assert (found[:, :, size:] < -1e9).all()


def test_states_move_to_another_desk_unchanged(make: Maker) -> None:
    cell = make(random_model())
    ids = torch.tensor([[3, 8, 1], [4, 4, 2]])
    desk = cell.seat([cell.zero()] * 3)
    desk.step(ids[0])

    alone = cell.seat([desk.states()[1]])
    again = cell.seat([cell.zero(), alone.states()[0]])

    expected = desk.step(ids[1])[1]
    assert torch.equal(alone.step(ids[1][1:2])[0], expected)
    assert torch.equal(again.step(ids[1][:2])[1], expected)


@given(seed=st.integers(0, 2**20), rows=st.integers(2, MAX_ROWS), place=st.integers(0, 99))
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_logits_do_not_depend_on_the_batch(make: Maker, seed: int, rows: int, place: int) -> None:
    model = random_model(seed % 3, hidden=(48, 64, 160)[seed % 3])
    cell = make(model)
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(len(model.vocabulary), (20, rows), generator=generator)
    place %= rows
    many, one = cell.seat([cell.zero()] * rows), cell.seat([cell.zero()])

    for step in ids:
        in_company, alone = many.step(step)[place], one.step(step[place : place + 1])[0]

        assert torch.equal(in_company, alone)


def test_logits_do_not_depend_on_the_threads() -> None:
    cell = Cell(random_model(hidden=576), "cpu")
    size = len(cell.vocabulary)
    ids = torch.randint(size, (20, 31), generator=torch.Generator().manual_seed(1))
    found = []

    for count in (1, 2):
        torch.set_num_threads(count)
        try:
            for rows in (1, 16, 31):  # of 31 rows torch divides the work on single numbers too
                desk = cell.seat([cell.zero()] * rows)
                found.append(torch.stack([desk.step(step[:rows])[0] for step in ids]))
        finally:
            torch.set_num_threads(1)

    assert all(torch.equal(logits, found[0]) for logits in found)


def test_all_ways_to_step_give_the_same_bits(
    monkeypatch: pytest.MonkeyPatch, native: Kernel[Library]
) -> None:
    model = random_model(hidden=96)
    found = []
    for way in (*WAYS, "native"):
        with monkeypatch.context() as patch:
            if has_way(patch, way, native):
                cell = Cell(model, "cpu")
                desk = cell.seat([cell.zero()] * 3)
                found.append(torch.stack([desk.step(torch.tensor([i, 3, 5])) for i in range(20)]))

    assert all(torch.equal(logits, found[-1]) for logits in found)


def test_sums_beyond_single_precision_are_still_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    assert has_way(monkeypatch, "float")
    weight = torch.full((64, 1100), 127, dtype=torch.int8)
    x = torch.full((2, 1100), 127, dtype=torch.int8)
    x[:, -1] = 1

    product = IntMatrix(weight, "cpu")(x)

    assert product.dtype == torch.float32
    assert product[0, 0] == torch.tensor(float(127 * 127 * 1099 + 127))
