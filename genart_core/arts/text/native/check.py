"""Whether a library steps as it should."""

import numpy as np
from numpy.typing import NDArray

from genart_core.arts.text.grid import LAST, PER_UNIT, ZERO, place_of, tanh_table
from genart_core.arts.text.native.library import (
    Array,
    Library,
    PackedDesk,
    PackedModel,
    Parts,
)
from genart_core.native.kernel import UnusableError

STEPS = 4
COMPANIES = (1, 2, 3, 4, 5, 7, 12)  # each number of rows that C takes at once, and several of them
HALF = np.float32(0.5)


def require_sound(library: Library) -> None:
    """Compare steps with those in NumPy, bit for bit.

    Raises:
        UnusableError: if they differ.
    """
    if not all(_agrees(library, rows) for rows in COMPANIES):
        raise UnusableError("the compiled steps are not exact")


def reference_step(parts: Parts, h: Array, c: Array, ids: Array) -> NDArray[np.float32]:
    """Take a step in NumPy: change `h`, whole numbers `(L, B, H)`, and `c`; return the logits."""
    vector: Array = parts.table[ids]
    below = np.empty((h.shape[1], 0))
    for n, matrix in enumerate(parts.matrices[:-1]):
        sums = np.concatenate([below, h[n]], axis=1) @ matrix.T.astype(np.float64)  # exact
        z = sums.astype(np.float32) * parts.scales[n] + vector
        i, f, o, g = np.split(tanh_table()[place_of(z)], 4, axis=1)
        i, f, o = (HALF + HALF * gate for gate in (i, f, o))
        c[n] = c[n] * f + i * (g * np.float32(PER_UNIT))
        tanh = tanh_table()[place_of(c[n] + np.float32(ZERO + 0.5))]
        h[n] = np.rint(tanh * np.float32(127.0) * o)
        below, vector = h[n], parts.vectors[n]
    sums = below @ parts.matrices[-1].T.astype(np.float64)
    logits: NDArray[np.float32] = sums.astype(np.float32) * parts.scales[-1] + vector
    return logits


def random_parts(seed: int, hidden: int = 64, layers: int = 2, tokens: int = 70) -> Parts:
    """Return a model whose sums reach the ends of their range, and all of the table."""
    random = np.random.default_rng(seed)
    width = -(-tokens // 64) * 64
    shapes = [(4 * hidden, hidden * (1 + (n > 0))) for n in range(layers)] + [(width, hidden)]
    matrices = [random.integers(-127, 128, shape, dtype=np.int8) for shape in shapes]
    for matrix in matrices:
        matrix[::5], matrix[1::5] = 127, -127

    def floats(low: float, high: float, *shape: int) -> NDArray[np.float32]:
        return random.uniform(low, high, shape).astype(np.float32)

    return Parts(
        matrices,
        [floats(0.0, 0.1, rows) for rows, _ in shapes],
        [floats(-0.2 * LAST, 1.2 * LAST, rows) for rows, _ in shapes[1:]],
        floats(-0.2 * LAST, 1.2 * LAST, tokens, 4 * hidden),
    )


def _agrees(library: Library, rows: int) -> bool:
    parts = random_parts(rows)
    random = np.random.default_rng(rows)
    desk = PackedDesk(PackedModel(library, parts), rows)
    h, c = np.zeros((2, rows, parts.hidden)), np.zeros(desk.c.shape, np.float32)
    found = []
    for _ in range(STEPS):
        ids = random.integers(0, len(parts.table), rows)
        desk.ids[...] = ids
        logits = reference_step(parts, h, c, ids)
        desk.step()
        signed = desk.h.astype(np.int64).transpose(1, 0, 2) - 128
        ours: tuple[Array, ...] = (desk.logits, desk.c, signed)
        theirs: tuple[Array, ...] = (logits, c, h)
        found.append(all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True)))
    return all(found)
