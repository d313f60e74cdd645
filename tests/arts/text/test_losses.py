import math

import pytest
import torch
import torch.nn.functional as F

from genart_core.arts.text.losses import bits_per_character, measure
from genart_core.arts.text.model import unpack

from .conftest import random_model


def test_even_guesses_cost_the_logarithm_of_the_vocabulary() -> None:
    bits = bits_per_character(torch.zeros(5, 3, 32), torch.zeros(5, 3, dtype=torch.long))

    assert bits.item() == pytest.approx(5.0)


@pytest.mark.parametrize("length", [2, 257, 1000])
def test_one_row_measures_exactly_what_reading_in_one_go_gives(length: int) -> None:
    model = random_model()
    network = unpack(model.config, model.tensors)
    ids = torch.randint(len(model.vocabulary), (length,), generator=torch.Generator())
    with torch.no_grad():
        logits, _ = network(ids[:-1, None])

    expected = F.cross_entropy(logits[:, 0], ids[1:]).item() / math.log(2)

    assert measure(network, ids, rows=1) == pytest.approx(expected, rel=1e-5)


def test_reading_in_stretches_changes_little() -> None:
    model = random_model(gain=1.0)
    network = unpack(model.config, model.tensors)
    ids = torch.randint(len(model.vocabulary), (3000,), generator=torch.Generator())

    assert measure(network, ids, rows=7) == pytest.approx(measure(network, ids, rows=1), rel=1e-3)
