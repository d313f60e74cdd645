"""The stepping cells and the sampling on top of them."""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from genart_core.arts.text import cell as module
from genart_core.arts.text.cell import Cell, Desk, IntMatrix, _has_onednn, is_int8_exact
from genart_core.arts.text.generate import MAX_ROWS, write
from genart_core.arts.text.model import StoredModel, padded, unpack

from .conftest import random_model

Maker: TypeAlias = Callable[[StoredModel], Cell]

# What each way is left with: packed weights, `_int_mm` alone, neither.
WAYS = {"packed": (True, True), "int8": (True, False), "float": (False, False)}


def has_way(monkeypatch: pytest.MonkeyPatch, way: str) -> bool:
    """Leave only one way of multiplying; return whether this machine has it."""
    is_exact, is_packed = WAYS[way]
    if (is_exact and not is_int8_exact()) or (is_packed and not _has_onednn()):
        return False
    monkeypatch.setattr(module, "is_int8_exact", lambda: is_exact)
    monkeypatch.setattr(module, "_has_onednn", lambda: is_packed)
    return True


@pytest.fixture(params=WAYS)
def make(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Maker:
    if not has_way(monkeypatch, request.param):
        pytest.skip("this machine multiplies otherwise")
    return lambda model: Cell(model, "cpu")


class FixedDesk:
    """A desk whose logits are the same at each step."""

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits

    def step(self, ids: Tensor) -> Tensor:
        return self.logits


def draw(logits: Tensor, temperature: float, count: int, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Draw `count` characters from one distribution."""
    random = np.random.default_rng(seed)
    noise = torch.from_numpy(-np.log(random.standard_exponential((count, 1, len(logits))))).float()
    drawn, entropy = write(
        FixedDesk(logits[None]),
        torch.zeros(1, dtype=torch.long),
        prompts=torch.full((count, 1), -1),
        temperatures=torch.tensor([temperature]),
        noise=noise if temperature else torch.zeros_like(noise),
    )
    return drawn[:, 0], entropy[:, 0]


LOGITS = st.lists(st.floats(-8, 8, width=32), min_size=2, max_size=20).map(torch.tensor)


@given(logits=LOGITS, seed=st.integers(0, 2**32))
@settings(deadline=None, max_examples=50)
def test_temperature_near_zero_is_argmax(logits: Tensor, seed: int) -> None:
    logits[seed % len(logits)] = logits.max() + 0.01  # no tie

    drawn, _ = draw(logits, 1e-5, 20, seed)

    assert (drawn == logits.argmax()).all()


@given(logits=LOGITS)
@settings(deadline=None, max_examples=20)
def test_temperature_zero_is_argmax_and_has_no_entropy(logits: Tensor) -> None:
    drawn, entropy = draw(logits, 0.0, 3)

    assert (logits[drawn] == logits.max()).all()
    assert (entropy == 0).all()


@given(
    logits=st.lists(st.floats(-3, 3, width=32), min_size=2, max_size=8).map(torch.tensor),
    temperature=st.floats(0.3, 100.0),
    seed=st.integers(0, 2**32),
)
@settings(deadline=None, max_examples=20, derandomize=True)
def test_draws_follow_the_softmax_of_x_over_t(
    logits: Tensor, temperature: float, seed: int
) -> None:
    count = 4000
    expected = torch.softmax(logits.double() / temperature, dim=0)

    drawn, entropy = draw(logits, temperature, count, seed)

    frequency = torch.bincount(drawn, minlength=len(logits)) / count
    deviation = (expected * (1 - expected) / count).sqrt()
    assert ((frequency - expected).abs() <= 5 * deviation + 1e-3).all()
    bits = -(expected * expected.log2()).sum().item()
    assert entropy.mean().item() == pytest.approx(bits, abs=1e-4)


def test_very_unlikely_character_is_not_drawn() -> None:
    drawn, _ = draw(torch.tensor([0.0, -40.0]), 1.0, 50_000)

    assert (drawn == 0).all()


def test_prompt_is_read_instead_of_what_was_drawn() -> None:
    class Recorder(FixedDesk):
        def __init__(self) -> None:
            super().__init__(torch.eye(2, 8)[[1, 1]])
            self.read: list[list[int]] = []

        def step(self, ids: Tensor) -> Tensor:
            self.read.append(ids.tolist())
            return super().step(ids)

    desk = Recorder()
    write(
        desk,
        torch.tensor([7, 7]),
        prompts=torch.tensor([[5, -1], [6, -1], [-1, -1]]),
        temperatures=torch.zeros(2),
        noise=torch.zeros(3, 2, 8),
    )

    assert desk.read == [[5, 7], [6, 1], [1, 1]]


@pytest.mark.parametrize(("hidden", "layers"), [(64, 1), (48, 2), (80, 3)])
def test_steps_agree_with_the_network(make: Maker, hidden: int, layers: int) -> None:
    model = random_model(hidden=hidden, layers=layers, gain=1.5)
    cell = make(model)
    size = len(model.vocabulary)
    ids = torch.randint(size, (30, 2), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected, _ = unpack(model.config, model.tensors)(ids)

    desk = Desk(cell, [cell.zero(), cell.zero()])
    found = torch.stack([desk.step(row) for row in ids])

    assert (found[:, :, :size] - expected).abs().max() < 0.1  # hidden states are rounded
    assert found.shape[2] == padded(size)
    assert (found[:, :, size:] < -1e9).all()


def test_states_move_to_another_desk_unchanged(make: Maker) -> None:
    cell = make(random_model())
    ids = torch.tensor([[3, 8, 1], [4, 4, 2]])
    desk = Desk(cell, [cell.zero()] * 3)
    desk.step(ids[0])

    alone = Desk(cell, [desk.states()[1]])
    again = Desk(cell, [cell.zero(), alone.states()[0]])

    expected = desk.step(ids[1])[1]
    assert torch.equal(alone.step(ids[1][1:2])[0], expected)
    assert torch.equal(again.step(ids[1][:2])[1], expected)


@given(seed=st.integers(0, 2**20), rows=st.integers(2, MAX_ROWS), place=st.integers(0, 99))
@settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_logits_do_not_depend_on_the_batch(make: Maker, seed: int, rows: int, place: int) -> None:
    model = random_model(seed % 3, hidden=(48, 64, 160)[seed % 3])
    cell = make(model)
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(len(model.vocabulary), (20, rows), generator=generator)
    place %= rows
    many, one = Desk(cell, [cell.zero()] * rows), Desk(cell, [cell.zero()])

    for step in ids:
        in_company, alone = many.step(step)[place], one.step(step[place : place + 1])[0]

        assert torch.equal(in_company, alone)


def test_all_ways_to_multiply_give_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model(hidden=96)
    found = []
    for way in WAYS:
        with monkeypatch.context() as patch:
            if has_way(patch, way):
                cell = Cell(model, "cpu")
                desk = Desk(cell, [cell.zero()] * 3)
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


def test_entropy_of_even_chances_is_the_logarithm_of_their_number() -> None:
    _, entropy = draw(torch.zeros(32), 1.0, 2)

    assert entropy[0].item() == pytest.approx(math.log2(32))
