"""The nonlinearity on a grid."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from genart_core.arts.text.grid import LAST, LIMIT, PER_UNIT, ZERO, place_of, tanh_table


def test_the_table_is_tanh() -> None:
    x = (np.arange(LAST + 1) - ZERO) / PER_UNIT

    assert tanh_table().dtype == np.float32
    assert np.abs(tanh_table() - np.tanh(x)).max() < 3e-6
    assert np.array_equal(tanh_table(), -tanh_table()[::-1])
    assert (tanh_table()[0], tanh_table()[ZERO], tanh_table()[LAST]) == (-1.0, 0.0, 1.0)


@given(st.floats(-100.0, 100.0, width=32))
def test_every_number_has_the_nearest_place(x: float) -> None:
    sums = np.array([x * PER_UNIT + ZERO + 0.5], np.float32)

    found = (int(place_of(sums)[0]) - ZERO) / PER_UNIT

    assert abs(found - np.clip(x, -LIMIT, LIMIT)) <= 0.501 / PER_UNIT
