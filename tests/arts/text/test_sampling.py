"""What is drawn from given logits."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from genart_core.arts.text.history import Repeats
from genart_core.arts.text.request import TextRequest
from genart_core.arts.text.sampling import Sampler, Steps, write
from genart_core.arts.text.stored import NEVER, padded


class FixedDesk(Steps):
    """A desk whose logits are the same at each step."""

    def __init__(self, logits: Tensor) -> None:
        self.logits = logits
        self.read: list[list[int]] = []

    def step(self, ids: Tensor) -> Tensor:
        self.read.append(ids.tolist())
        return self.logits.clone()


def padded_row(logits: Tensor) -> Tensor:
    """Return the logits as a cell gives them."""
    size = len(logits)
    return torch.cat([logits, torch.full((padded(size) - size,), NEVER)])[None]


def sampler_of(size: int, *requests: TextRequest, repeats: Repeats | None = None) -> Sampler:
    return Sampler(requests, [repeats] * len(requests), size)


def draw(logits: Tensor, count: int, seed: int = 0, **fields: Any) -> tuple[Tensor, Tensor]:
    """Draw `count` tokens from one distribution; return them and their entropies."""
    request, size = TextRequest(**fields), len(logits)
    noise = torch.zeros(count, 1, padded(size))
    if not request.is_greedy:
        random = np.random.default_rng(seed)
        noise[:, 0, :size] = torch.from_numpy(-np.log(random.standard_exponential((count, size))))
    drawn, entropy = write(
        FixedDesk(padded_row(logits)),
        sampler_of(size, request),
        torch.zeros(1, dtype=torch.long),
        prompts=torch.full((count, 1), -1),
        noise=noise,
    )
    return drawn[:, 0], entropy[:, 0]


def chances(logits: Tensor, repeats: Repeats | None = None, **fields: Any) -> Tensor:
    """Return the probabilities `(V,)` that a request draws with."""
    row = padded_row(logits)
    sampler = sampler_of(len(logits), TextRequest(**fields), repeats=repeats)
    p = sampler.scores(row.clone(), out=torch.empty_like(row)).softmax(dim=1)[0]
    assert p[len(logits) :].sum() == 0
    return p[: len(logits)]


LOGITS = st.lists(st.floats(-8, 8, width=32), min_size=2, max_size=20).map(torch.tensor)


@given(logits=LOGITS, seed=st.integers(0, 2**32))
@settings(max_examples=50)
def test_temperature_near_zero_is_argmax(logits: Tensor, seed: int) -> None:
    logits[seed % len(logits)] = logits.max() + 0.01  # no tie

    drawn, _ = draw(logits, 20, seed, temperature=1e-5)

    assert (drawn == logits.argmax()).all()


@given(logits=LOGITS)
@settings(max_examples=20)
@pytest.mark.parametrize("fields", [{"temperature": 0.0}, {"strategy": "greedy"}])
def test_greedy_is_argmax_and_has_no_entropy(logits: Tensor, fields: dict[str, Any]) -> None:
    drawn, entropy = draw(logits, 3, top_k=1, top_p=0.1, **fields)

    assert (logits[drawn] == logits.max()).all()
    assert (entropy == 0).all()


@given(logits=LOGITS)
@settings(max_examples=50)
def test_temperature_towards_infinity_is_uniform(logits: Tensor) -> None:
    uniform = chances(logits, strategy="uniform")

    assert torch.equal(uniform, torch.full_like(uniform, 1 / len(logits)))
    spread = [(chances(logits, temperature=t) - uniform).abs().max() for t in (1.0, 10.0, 100.0)]
    assert spread == sorted(spread, reverse=True)
    assert spread[-1] <= 16 / 100 / len(logits) * 1.2  # the first term of the series in 1 / T


def test_uniform_draws_every_token_alike() -> None:
    logits = torch.tensor([30.0, 0.0, -30.0, 5.0])

    drawn, entropy = draw(logits, 4000, strategy="uniform", temperature=0.0)

    frequency = torch.bincount(drawn, minlength=4) / 4000
    assert (frequency - 0.25).abs().max() < 5 * math.sqrt(0.25 * 0.75 / 4000)
    assert entropy[0].item() == pytest.approx(2.0)


@given(
    logits=st.lists(st.floats(-3, 3, width=32), min_size=2, max_size=8).map(torch.tensor),
    temperature=st.floats(0.3, 100.0),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=20, derandomize=True)
def test_draws_follow_the_softmax_of_x_over_t(
    logits: Tensor, temperature: float, seed: int
) -> None:
    count = 4000
    expected = torch.softmax(logits.double() / temperature, dim=0)

    drawn, entropy = draw(logits, count, seed, temperature=temperature)

    frequency = torch.bincount(drawn, minlength=len(logits)) / count
    deviation = (expected * (1 - expected) / count).sqrt()
    assert ((frequency - expected).abs() <= 5 * deviation + 1e-3).all()
    bits = -(expected * expected.log2()).sum().item()
    assert entropy.mean().item() == pytest.approx(bits, abs=1e-4)


@given(logits=LOGITS, temperature=st.floats(0.05, 50.0))
@settings(max_examples=50)
def test_filters_at_their_ends_change_nothing(logits: Tensor, temperature: float) -> None:
    plain = chances(logits, temperature=temperature)

    for fields in ({"top_k": 100_000}, {"top_p": 1.0, "top_k": len(logits)}, {"min_p": 1e-30}):
        found = chances(logits, temperature=temperature, **fields)
        assert (found - plain).abs().max() < 1e-29


@given(logits=LOGITS, k=st.integers(1, 25), temperature=st.floats(0.2, 10.0))
@settings(max_examples=50)
def test_top_k_keeps_the_k_most_probable(logits: Tensor, k: int, temperature: float) -> None:
    p = chances(logits, top_k=k, temperature=temperature)

    kept = min(k, len(logits))
    cutoff = logits.sort(descending=True).values[kept - 1]
    assert (p[logits > cutoff] > 0).all()
    assert (p[logits < cutoff] == 0).all()
    assert int((p > 0).sum()) == kept  # a gap of 16 at T = 0.2 is still above underflow
    assert p.sum().item() == pytest.approx(1.0)


@given(logits=LOGITS, limit=st.floats(0.01, 0.99), temperature=st.floats(0.1, 10.0))
@settings(max_examples=50)
def test_top_p_keeps_the_fewest_that_reach_it(
    logits: Tensor, limit: float, temperature: float
) -> None:
    plain = chances(logits, temperature=temperature).double()
    kept = plain[chances(logits, top_p=limit, temperature=temperature) > 0]

    assert kept.sum() >= limit - 1e-6
    assert kept.sum() - kept.min() <= limit + 1e-6
    assert kept.min() >= plain.sort(descending=True).values[len(kept) - 1] - 1e-9


@given(logits=LOGITS, limit=st.floats(0.001, 1.0), temperature=st.floats(0.1, 10.0))
@settings(max_examples=50)
def test_min_p_keeps_what_is_near_the_most_probable(
    logits: Tensor, limit: float, temperature: float
) -> None:
    plain = chances(logits, temperature=temperature).double()
    p = chances(logits, min_p=limit, temperature=temperature)

    bar = limit * plain.max()
    assert (p[plain > bar * (1 + 1e-5)] > 0).all()
    assert (p[plain < bar * (1 - 1e-5)] == 0).all()


def test_filters_apply_one_after_the_other() -> None:
    logits = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()

    p = chances(logits, temperature=1.0, top_k=2, top_p=0.6)

    assert p.tolist() == pytest.approx([1.0, 0.0, 0.0, 0.0])  # 0.5 / 0.8 reaches 0.6
    p = chances(logits, temperature=1.0, top_k=3, min_p=0.5)
    assert p.tolist() == pytest.approx([0.625, 0.375, 0.0, 0.0])


def test_penalty_raises_repeated_probabilities_to_a_power() -> None:
    repeats = Repeats(2)
    for token in [1, 0, 1, 2, 1]:
        repeats.push(token)  # 0 and 2 have followed on 1
    p = torch.tensor([0.5, 0.25, 0.25])

    found = chances(p.log() + 7.0, repeats, temperature=1.0, repetition_penalty=2.0)

    raised = torch.tensor([0.5**2, 0.25, 0.25**2])
    assert found.tolist() == pytest.approx((raised / raised.sum()).tolist())


def test_penalty_learns_from_what_is_read_and_drawn() -> None:
    request = TextRequest(strategy="greedy", repetition_penalty=10.0)
    logits = torch.tensor([0.6, 0.3, 0.1]).log()

    drawn, _ = write(
        FixedDesk(padded_row(logits)),
        sampler_of(3, request, repeats=Repeats(2)),
        torch.zeros(1, dtype=torch.long),
        prompts=torch.tensor([[1], [0], [-1], [-1], [-1], [-1]]),
        noise=torch.zeros(6, 1, padded(3)),
    )

    # Read 1 0, then 0 follows 0 for the first time, 1 follows 0, 0 has followed 1: so 1 does, ...
    assert drawn[1:, 0].tolist() == [0, 1, 1, 2, 0]


def test_very_unlikely_token_is_not_drawn() -> None:
    drawn, _ = draw(torch.tensor([0.0, -40.0]), 50_000, temperature=1.0)

    assert (drawn == 0).all()


def test_prompt_is_read_instead_of_what_was_drawn() -> None:
    greedy = TextRequest(strategy="greedy")
    desk = FixedDesk(torch.eye(2, 64)[[1, 1]])
    write(
        desk,
        sampler_of(8, greedy, greedy),
        torch.tensor([7, 7]),
        prompts=torch.tensor([[5, -1], [6, -1], [-1, -1]]),
        noise=torch.zeros(3, 2, 64),
    )

    assert desk.read == [[5, 7], [6, 1], [1, 1]]


def test_entropy_of_even_chances_is_the_logarithm_of_their_number() -> None:
    _, entropy = draw(torch.zeros(32), 2, temperature=1.0)
    _, of_few = draw(torch.zeros(32), 2, temperature=1.0, top_k=8)

    assert entropy[0].item() == pytest.approx(5.0)
    assert of_few[0].item() == pytest.approx(3.0)
