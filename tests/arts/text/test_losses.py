import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from genart_core.arts.text.losses import LOGITS_BYTES, bits_per_token, measure
from genart_core.arts.text.stored import unpack

from .conftest import random_model


class Bigrams:
    """A network without memory: the logits of a token depend on the one before it alone."""

    def __init__(self, size: int) -> None:
        generator = torch.Generator().manual_seed(0)
        self.factors = torch.randn(2, size, 4, generator=generator)
        self.largest = 0

    def __call__(self, ids: Tensor, state: object) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
        logits = self.factors[0, ids] @ self.factors[1].t()
        self.largest = max(self.largest, logits.nbytes)
        return logits, [(torch.ones(1, ids.shape[1], 1), torch.ones(1, ids.shape[1], 1))]


def drawn(size: int, length: int) -> NDArray[np.uint16]:
    return np.random.default_rng(0).integers(size, size=length, dtype=np.uint16)


def test_even_guesses_cost_the_logarithm_of_the_vocabulary() -> None:
    bits = bits_per_token(torch.zeros(5, 3, 32), torch.zeros(5, 3, dtype=torch.long))

    assert bits.item() == pytest.approx(5.0)


@pytest.mark.parametrize("length", [2, 257, 1000])
def test_one_row_measures_exactly_what_reading_in_one_go_gives(length: int) -> None:
    model = random_model()
    network = unpack(model.config, model.tensors)
    ids = drawn(len(model.vocabulary), length)
    whole = torch.from_numpy(ids.astype(np.int64))
    with torch.no_grad():
        logits, _ = network(whole[:-1, None])

    expected = F.cross_entropy(logits[:, 0], whole[1:]).item() / math.log(2)

    assert measure(network, ids, rows=1) == pytest.approx(expected, rel=1e-5)


def test_reading_in_stretches_changes_little() -> None:
    model = random_model(gain=1.0)
    network = unpack(model.config, model.tensors)
    ids = drawn(len(model.vocabulary), 3000)

    assert measure(network, ids, rows=7) == pytest.approx(measure(network, ids, rows=1), rel=1e-3)


@pytest.mark.parametrize("size", [100, 5000, 40_000])
def test_a_large_vocabulary_is_measured_exactly_in_bounded_memory(size: int) -> None:
    network, ids = Bigrams(size), drawn(size, 200)
    whole = torch.from_numpy(ids.astype(np.int64))

    bits = measure(network, ids, rows=32)

    assert network.largest <= LOGITS_BYTES
    logits, _ = network(whole[:-1, None], None)
    assert bits == pytest.approx(bits_per_token(logits, whole[1:, None]).item())
