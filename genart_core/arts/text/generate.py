"""Texts from a character LSTM, many at once, each as if it were alone.

1. Graves, Generating sequences with recurrent neural networks, arXiv:1308.0850.
2. Maddison et al., A* sampling, arXiv:1411.0030 (the Gumbel-max trick).
3. Yu et al., Orca, OSDI 2022 (batches that requests join and leave at any step).

Differs from the papers: matrices and hidden states are int8. Hidden states lie in (-1, 1), so that
one fixed scale, 1/127, serves all of them, and sums of int8 products are exact integers: what a row
writes cannot depend on the other rows, or on how many there are.
"""

import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from genart_core.arts.text.model import LANES, StoredModel, laid_out, load_model, padded
from genart_core.arts.text.rows import Row, Seats
from genart_core.artwork import Run, Workbench

MAX_ROWS = 32
CHUNK_SECONDS = 0.03  # the longest time between two looks at `stopped`
POLL_SECONDS = 0.03

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


class Steps(Protocol):
    """What `write` needs of a desk."""

    def step(self, ids: Tensor) -> Tensor:
        """Read one character per row; return logits."""


@torch.inference_mode()
def write(
    desk: Steps, ids: Tensor, *, prompts: Tensor, temperatures: Tensor, noise: Tensor
) -> tuple[Tensor, Tensor]:
    """Ids drawn from softmax(x / T), and the entropy of that distribution in bits, `(K, B)` each.

    `ids` `(B,)` were drawn last; `prompts` `(K, B)` are read instead where they are not -1;
    `temperatures` `(B,)` are 0 for greedy; `noise` `(K, B, W)` is standard Gumbel, 0 for greedy.
    """
    sharpness = torch.where(temperatures > 0, 1.0 / temperatures, 1.0)[:, None]  # (B, 1)
    is_read = (prompts >= 0).any(dim=1).tolist()
    drawn, scores = [], torch.empty_like(noise)
    for k in range(len(noise)):
        if is_read[k]:
            ids = torch.where(prompts[k] >= 0, prompts[k], ids)
        torch.mul(desk.step(ids), sharpness, out=scores[k])
        ids = (scores[k] + noise[k]).argmax(dim=1)
        drawn.append(ids)
    log_p = F.log_softmax(scores, dim=-1)
    entropy = -(log_p.exp() * log_p).sum(dim=-1) / np.log(2.0)
    return torch.stack(drawn), torch.where(temperatures > 0, entropy, 0.0)


def generate(runs: Sequence[Run], workbench: Workbench) -> None:
    """Write the texts of all runs, and of those that join while they are being written."""
    cell = workbench.model("text", runs[0].request.model, load_cell)
    seats = Seats(cell.vocabulary, MAX_ROWS)
    seats.admit(runs)
    table = Table(cell)
    poll_due = 0.0
    while True:
        seats.settle()
        if seats.free > 0 and time.monotonic() >= poll_due:
            seats.admit(workbench.more(seats.free))
            seats.settle()
            poll_due = time.monotonic() + POLL_SECONDS
        if not seats.seated:
            return
        table.advance(seats.seated)


class Table:
    """Steps whoever is seated, and moves the states along when the company changes."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.rows: list[Row] = []
        self.desk = Desk(cell, [cell.zero()])
        self.last = torch.empty(0, dtype=torch.long)
        self.seconds_per_step = 1e-3

    def advance(self, rows: list[Row]) -> None:
        """Take as many steps as fit in `CHUNK_SECONDS`, or as the first row to end needs."""
        if rows != self.rows:
            self._seat(rows)
        begin = time.perf_counter()
        fitting = max(1, int(CHUNK_SECONDS / self.seconds_per_step))
        steps = min(fitting, min(row.steps_left for row in rows))
        device = self.cell.device
        drawn, entropies = write(
            self.desk,
            self.last,
            prompts=_prompts(rows, steps).to(device),
            temperatures=torch.tensor([row.temperature for row in rows], device=device),
            noise=_noise(rows, steps, len(self.cell.vocabulary)).to(device),
        )
        self.last = drawn[-1]
        for row, ids, bits in zip(rows, drawn.t().tolist(), entropies.t().tolist(), strict=True):
            row.accept(ids, bits)
        self.seconds_per_step = (time.perf_counter() - begin) / steps

    def _seat(self, rows: list[Row]) -> None:
        states = dict(zip(self.rows, self.desk.states(), strict=False))
        last = dict(zip(self.rows, self.last.tolist(), strict=True))
        self.seconds_per_step *= max(1.0, len(rows) / max(1, len(self.rows)))
        self.desk = Desk(self.cell, [states.get(row) or self.cell.zero() for row in rows])
        self.last = torch.tensor([last.get(row, 0) for row in rows], device=self.cell.device)
        self.rows = list(rows)


def _prompts(rows: list[Row], steps: int) -> Tensor:
    prompts = torch.full((steps, len(rows)), -1)
    for i, row in enumerate(rows):
        ids = row.prompt(steps)
        prompts[: len(ids), i] = torch.tensor(ids, dtype=torch.long)
    return prompts


def _noise(rows: list[Row], steps: int, size: int) -> Tensor:
    """Return noise `(K, B, W)`; rows still reading their prompt draw none, nor do greedy ones."""
    noise = np.zeros((steps, len(rows), padded(size)), dtype=np.float32)
    for i, row in enumerate(rows):
        if row.temperature > 0:
            drawn = row.noise(steps, size)
            noise[steps - len(drawn) :, i, :size] = drawn
    return torch.from_numpy(noise)


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
