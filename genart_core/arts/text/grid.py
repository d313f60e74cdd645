"""The nonlinearity of a step, on a grid, so that every machine takes it alike.

The last bits of a library's `tanh`, and of a * b + c, depend on the processor; after some thousand
characters that is another text. So a step does nothing but what IEEE 754 lays down to the last bit:
products of whole numbers, single roundings of a * b and of a + b, and tanh(x) for x a multiple of
1 / `PER_UNIT`, which stands in a table or is computed by the same operations as the table was.
The rounding of x is a tenth of what hidden states are rounded by.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

PER_UNIT = 1024
LIMIT = 8  # beyond it tanh is 1, to single precision
ZERO = LIMIT * PER_UNIT  # the place of x = 0 in the table
LAST = 2 * ZERO

# tanh(x) = x * P(x^2) / Q(x^2), within 2.4e-6 for |x| <= LIMIT; fitted for the least error.
P = (0.9999889602106898, 0.12167324419179298, 0.002160273273200441, 3.4113845561010196e-06)
Q = (1.0, 0.45497145342221573, 0.020517287067387136, 0.00013000998564823078)


@cache
def tanh_table() -> NDArray[np.float32]:
    """Return tanh(x) for x from -LIMIT to LIMIT in steps of 1 / PER_UNIT."""
    x = (np.arange(LAST + 1, dtype=np.float32) - np.float32(ZERO)) / np.float32(PER_UNIT)
    square = x * x
    ratio: NDArray[np.float32] = x * _horner(P, square) / _horner(Q, square)
    np.clip(ratio, np.float32(-1.0), np.float32(1.0), out=ratio)
    return ratio


def place_of(x: NDArray[np.float32]) -> NDArray[np.int32]:
    """Return the places in the table for numbers in units of the grid, `ZERO` + 1/2 added.

    Such numbers come from sums in which unit and addend are part of the factors. To cut off their
    fraction is to round x.
    """
    inside: NDArray[np.float32] = np.clip(x, np.float32(0.0), np.float32(LAST + 0.5))
    return inside.astype(np.int32)


def _horner(factors: tuple[float, ...], x: NDArray[np.float32]) -> NDArray[np.float32]:
    total = np.full_like(x, np.float32(factors[-1]))
    for factor in factors[-2::-1]:
        total = total * x + np.float32(factor)
    return total
