"""A stored model in the form that steps: one token per row, any number of rows.

Matrices and hidden states are int8. Hidden states lie in (-1, 1), so that one fixed scale, 1/127,
serves all of them, and sums of int8 products are exact integers: what a row's state becomes cannot
depend on the other rows, or on how many there are.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor

from genart_core.arts.text.model import LANES, StoredModel, laid_out, load_model

RowState: TypeAlias = tuple[Tensor, Tensor]  # h and c of one row, each (L, H)


class IntMatrix:
    """Exact products of int8 rows with an int8 matrix `(out, in)`, as fp32 whole numbers.

    Without int8 instructions that are exact the same sums are taken in fp32, where whole numbers
    are exact up to 2^24; a matrix that could exceed that is multiplied in fp64. So all ways give
    the same bits.
    """

    def __init__(self, weight: Tensor, device: str) -> None:
        self.packed: Tensor | None = None
        if device == "cpu" and is_int8_exact():
            self.transposed = weight.t()
            if _has_onednn():
                self.packed = torch.ops.onednn.qlinear_prepack(weight, None)
                self.ones = torch.ones(len(weight))
                self.zeros = torch.zeros(len(weight), dtype=torch.int32)
        else:
            largest = int(weight.abs().sum(dim=1, dtype=torch.int64).max()) * 127
            dtype = torch.float32 if largest < 2**24 else torch.float64
            self.transposed = weight.t().contiguous().to(device, dtype)

    def __call__(self, x: Tensor) -> Tensor:
        """Return `(B, out)` for `x` `(B, in)`: int8, or uint8 that is 128 too large."""
        if x.dtype == torch.uint8:
            return _product(x, self.packed, self.ones, self.zeros)
        if self.transposed.dtype == torch.int8:
            return torch._int_mm(x, self.transposed).float()
        return (x.to(self.transposed.dtype) @ self.transposed).float()


class Cell:
    """A model in the form that steps, for any number of rows."""

    def __init__(self, model: StoredModel, device: str) -> None:
        self.vocabulary = model.vocabulary
        self.device = device
        self.layers = model.config.layers
        matrices, vectors, table, self.hidden = laid_out(model)
        self.matrices = [IntMatrix(weight, device) for weight, _ in matrices]
        self.scales = [(scale / 127.0).to(device) for _, scale in matrices]
        self.vectors = [vector.to(device) for vector in vectors]
        self.table = table.to(device)

    def zero(self) -> RowState:
        """Return the state before the first character."""
        h = torch.zeros(self.layers, self.hidden, dtype=torch.int8, device=self.device)
        return h, torch.zeros(self.layers, self.hidden, device=self.device)


class Desk:
    """Rows that step together; every buffer and view is made once, as a step is 100 µs long."""

    def __init__(self, cell: Cell, states: Sequence[RowState]) -> None:
        rows, hidden, layers = len(states), cell.hidden, range(cell.layers)
        self.cell = cell
        # One row is quickest as a matrix-vector product in int8, several are with packed weights,
        # which take uint8.
        self.is_unsigned = rows > 1 and cell.matrices[0].packed is not None
        h = torch.stack([h for h, _ in states]).flatten(1)  # (B, L * H)
        self.h = (h.view(torch.uint8) ^ 128) if self.is_unsigned else h
        self.c = [torch.stack([c[i] for _, c in states]) for i in layers]
        self.z = torch.empty(rows, 4 * hidden, device=cell.device)
        self.gates = self.z[:, : 3 * hidden]
        self.i, self.f, self.o, self.g = self.z.chunk(4, dim=1)
        self.looked_up = torch.empty_like(self.z)
        self.new = torch.empty_like(self.c[0])
        # A layer reads the layer below it and itself, which lie side by side.
        self.inputs = [self.h[:, max(0, i - 1) * hidden : (i + 1) * hidden] for i in layers]
        self.bytes = [self.h.view(torch.uint8)[:, i * hidden : (i + 1) * hidden] for i in layers]
        self.top = self.h[:, -hidden:]
        self.half = torch.tensor(128.5, device=cell.device)

    def step(self, ids: Tensor) -> Tensor:
        """Read one character per row `(B,)`; return logits `(B, W)`, W being V padded."""
        cell, z, new = self.cell, self.z, self.new
        vector = torch.index_select(cell.table, 0, ids, out=self.looked_up)
        for n, c in enumerate(self.c):
            torch.addcmul(vector, cell.matrices[n](self.inputs[n]), cell.scales[n], out=z)
            self.gates.sigmoid_()
            self.g.tanh_()
            c.mul_(self.f).addcmul_(self.i, self.g)
            torch.tanh(c, out=new).mul_(self.o)
            # Rounds to the nearest whole number: casting cuts, and the sum is positive.
            self.bytes[n].copy_(torch.add(self.half, new, alpha=127.0, out=new))
            if not self.is_unsigned:
                self.bytes[n].bitwise_xor_(128)
            vector = cell.vectors[n]
        return torch.addcmul(vector, cell.matrices[-1](self.top), cell.scales[-1])

    def states(self) -> list[RowState]:
        """Return the states of all rows, to be seated again elsewhere."""
        h = (self.h ^ 128).view(torch.int8) if self.is_unsigned else self.h
        h = h.view(len(h), self.cell.layers, -1)
        c = torch.stack(self.c, dim=1)
        return [(h[i].clone(), c[i].clone()) for i in range(len(h))]


def load_cell(path: Path, device: str) -> Cell:
    """Load a model to step on `device`.

    Raises:
        DamagedWeightsError: if the file is no text model.
    """
    return Cell(load_model(path), device)


@cache
def is_int8_exact() -> bool:
    """True if this CPU's int8 products are exact even at the ends of their range.

    Without VNNI some kernels add pairs of products in 16 bits and saturate.
    """
    weight = torch.full((LANES, 2 * LANES), 127, dtype=torch.int8)
    weight[::3] = -127
    x = torch.full((3, 2 * LANES), 127, dtype=torch.int8)
    x[1] = -127
    expected = x.int() @ weight.int().t()
    try:
        found = [torch._int_mm(x, weight.t()), torch._int_mm(x[1:2], weight.t())]
        if _has_onednn():
            packed = torch.ops.onednn.qlinear_prepack(weight, None)
            ones, zeros = torch.ones(LANES), torch.zeros(LANES, dtype=torch.int32)
            found.append(_product(x.view(torch.uint8) ^ 128, packed, ones, zeros))
    except (AttributeError, RuntimeError):
        return False
    whole = (expected, expected[1:2], expected)
    return all(torch.equal(p.int(), e) for p, e in zip(found, whole, strict=False))


def _product(x: Tensor, packed: Tensor | None, ones: Tensor, zeros: Tensor) -> Tensor:
    """Return x - 128 times a prepacked matrix, with all scales 1."""
    product: Tensor = torch.ops.onednn.qlinear_pointwise(
        x, 1.0, 128, packed, ones, zeros, None, 1.0, 0, torch.float32, "none", [], ""
    )
    return product


@cache
def _has_onednn() -> bool:
    names = ("qlinear_pointwise", "qlinear_prepack")
    return all(hasattr(torch.ops.onednn, name) for name in names)
