"""A stored model in the form that steps: one token per row, any number of rows.

Matrices and hidden states are int8. Hidden states lie in (-1, 1), so that one fixed scale, 1/127,
serves all of them, and sums of int8 products are exact integers: what a row's state becomes cannot
depend on the other rows, or on how many there are.
"""

import warnings
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import torch
from torch import Tensor

from genart_core.arts.text.graph import Recorder, Replay
from genart_core.arts.text.pace import Pace
from genart_core.arts.text.spelling import Spelling
from genart_core.arts.text.stored import LANES, StoredModel, laid_out, load_model

RowState: TypeAlias = tuple[Tensor, Tensor]  # h (int8) and c of one row, each (L, H)


class IntMatrix:
    """Exact products of rows of int8 numbers with an int8 matrix `(out, in)`.

    Products are fp32 whole numbers, and so are rows, unless `dtype` says int8. Without int8
    instructions that are exact the same sums are taken in fp32, where whole numbers are exact up to
    2^24; a matrix that could exceed that, or a device that multiplies in less than fp32, gets fp64.
    So all ways give the same bits.
    """

    def __init__(self, weight: Tensor, device: str) -> None:
        self.packed: Any = None  # FBGEMM's
        if device == "cpu" and is_int8_exact():
            self.transposed = weight.t()
            if _has_fbgemm():
                self.packed = _packed(weight)
        else:
            wide = weight.t().contiguous().double()  # not on the device: MPS has no fp64
            narrow = wide.float().to(device)
            self.transposed = narrow if _is_exact(narrow, wide) else wide.to(device)

    def dtype(self, rows: int) -> torch.dtype:
        """Return what `rows` rows should come as.

        One is quickest as a matrix-vector product in int8, several are with packed weights.
        """
        is_int8 = self.transposed.dtype == torch.int8 and (rows == 1 or self.packed is None)
        return torch.int8 if is_int8 else torch.float32

    def __call__(self, x: Tensor) -> Tensor:
        """Return `(B, out)` for `x` `(B, in)`, whole numbers in [-127, 127]."""
        if self.packed is not None and x.dtype == torch.float32:
            return _product(x, self.packed)
        if self.transposed.dtype == torch.int8:
            return torch._int_mm(x, self.transposed).float()
        return (x.to(self.transposed.dtype) @ self.transposed).float()


class Cell:
    """A model in the form that steps, for any number of rows."""

    def __init__(self, model: StoredModel, device: str) -> None:
        self.vocabulary = model.vocabulary
        self.quotes = model.quotes
        self.spelling = Spelling(model.vocabulary) if model.vocabulary.unit == "word" else None
        self.device = device
        self.layers = model.config.layers
        matrices, vectors, table, self.hidden = laid_out(model)
        self.matrices = [IntMatrix(weight, device) for weight, _ in matrices]
        self.scales = [(scale / 127.0).to(device) for _, scale in matrices]
        self.vectors = [vector.to(device) for vector in vectors]
        self.table = table.to(device)
        half = torch.full((3 * self.hidden,), 0.5)
        half[2 * self.hidden :] *= 127.0  # the output gate, so that h comes times 127
        self.half = half.to(device)
        self.recorder = Recorder(device)
        self.pace = Pace(torch.set_num_threads)

    def zero(self) -> RowState:
        """Return the state before the first token."""
        h = torch.zeros(self.layers, self.hidden, dtype=torch.int8, device=self.device)
        return h, torch.zeros(self.layers, self.hidden, device=self.device)


class Desk:
    """Rows that step together; every buffer and view is made once, as a step is 100 µs long."""

    def __init__(self, cell: Cell, states: Sequence[RowState]) -> None:
        rows, hidden, layers = len(states), cell.hidden, range(cell.layers)
        self.cell = cell
        h = torch.stack([h for h, _ in states]).flatten(1)  # (B, L * H), times 127
        self.h = h.to(cell.matrices[0].dtype(rows))
        self.c = [torch.stack([c[i] for _, c in states]) for i in layers]
        self.z = torch.empty(rows, 4 * hidden, device=cell.device)
        self.gates = self.z[:, : 3 * hidden]
        self.i, self.f, self.o, self.g = self.z.chunk(4, dim=1)
        self.looked_up = torch.empty_like(self.z)
        self.new = torch.empty_like(self.c[0])
        # A layer reads the layer below it and itself, which lie side by side.
        self.inputs = [self.h[:, max(0, i - 1) * hidden : (i + 1) * hidden] for i in layers]
        self.outputs = [self.h[:, i * hidden : (i + 1) * hidden] for i in layers]
        self.is_int8 = self.h.dtype == torch.int8
        self.rounded = [self.new] * cell.layers if self.is_int8 else self.outputs
        self.replay = Replay(cell.recorder, rows) if cell.recorder.is_able else None

    def step(self, ids: Tensor) -> Tensor:
        """Read one token per row `(B,)`; return logits `(B, W)`, W being V padded.

        On a CUDA device the next step may overwrite them.
        """
        if self.replay is None:
            return self._step(ids)
        return self.replay(self._step, ids, (self.h, *self.c))

    def states(self) -> list[RowState]:
        """Return the states of all rows, to be seated again elsewhere."""
        h = self.h.to(torch.int8).view(len(self.h), self.cell.layers, -1)
        c = torch.stack(self.c, dim=1)
        return [(h[i].clone(), c[i].clone()) for i in range(len(h))]

    def _step(self, ids: Tensor) -> Tensor:
        cell, z, new = self.cell, self.z, self.new
        vector = torch.index_select(cell.table, 0, ids, out=self.looked_up)
        for n, c in enumerate(self.c):
            torch.addcmul(vector, cell.matrices[n](self.inputs[n]), cell.scales[n], out=z)
            z.tanh_()  # torch takes three times as long for as many sigmoids
            torch.addcmul(cell.half, self.gates, cell.half, out=self.gates)
            c.mul_(self.f).addcmul_(self.i, self.g)
            torch.tanh(c, out=new)
            torch.mul(new, self.o, out=self.rounded[n]).round_()
            if self.is_int8:
                self.outputs[n].copy_(new)
            vector = cell.vectors[n]
        return torch.addcmul(vector, cell.matrices[-1](self.outputs[-1]), cell.scales[-1])


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
        if _has_fbgemm():
            found.append(_product(x.float(), _packed(weight)))
    except (AttributeError, RuntimeError):
        return False
    whole = (expected, expected[1:2], expected)
    return all(torch.equal(p.int(), e) for p, e in zip(found, whole, strict=False))


def _is_exact(narrow: Tensor, wide: Tensor) -> bool:
    """Whether fp32 sums stay below 2^24, and `narrow`'s device takes them in fp32, not in less."""
    if float(wide.abs().sum(dim=0).max()) * 127 >= 2**24:
        return False
    x = torch.full((3, len(wide)), 127.0, dtype=torch.float64)
    x[1, ::2], x[2, 1::3] = -127.0, 126.0
    return torch.equal((x.float().to(narrow.device) @ narrow).cpu().double(), x @ wide)


def _packed(weight: Tensor) -> Any:
    engine = torch.backends.quantized.engine
    torch.backends.quantized.engine = "fbgemm"
    try:
        with warnings.catch_warnings():  # a torch without such tensors won't have FBGEMM's products
            warnings.filterwarnings("ignore", ".*quantized tensor creation functions")
            quantized = torch._make_per_tensor_quantized_tensor(weight.contiguous(), 1.0, 0)
        return torch.ops.quantized.linear_prepack(quantized, None)
    finally:
        torch.backends.quantized.engine = engine


def _product(x: Tensor, packed: Any) -> Tensor:
    """Return x times a packed matrix: FBGEMM makes x uint8 by adding 128, with all scales 1."""
    product: Tensor = _operation()(x, 1.0, 128, packed)
    return product


@cache
def _operation() -> Any:
    """Return FBGEMM's product without `torch.ops`' look at each argument, which takes 5 µs."""
    overload = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32.default
    return getattr(overload, "_op", overload)


@cache
def _has_fbgemm() -> bool:
    name = "linear_with_input_q_dq_qweight_dq_output_fp32"
    engines = torch.backends.quantized.supported_engines
    return "fbgemm" in engines and hasattr(torch.ops.quantized, name)
