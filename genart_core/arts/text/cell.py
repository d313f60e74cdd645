"""A stored model in the form that steps: one token per row, any number of rows.

Matrices and hidden states are int8. Hidden states lie in (-1, 1), so that one fixed scale, 1/127,
serves all of them, and sums of int8 products are exact integers: what a row's state becomes cannot
depend on the other rows, or on how many there are.
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor

from genart_core.arts.text.graph import Recorder, Replay
from genart_core.arts.text.grid import LAST, PER_UNIT, ZERO, tanh_table
from genart_core.arts.text.matrix import IntMatrix
from genart_core.arts.text.native.desk import NativeDesk, packed_model
from genart_core.arts.text.native.kernel import kernel
from genart_core.arts.text.native.library import PackedModel
from genart_core.arts.text.pace import Pace
from genart_core.arts.text.sampling import Steps
from genart_core.arts.text.spelling import Spelling
from genart_core.arts.text.stored import Layout, StoredModel, laid_out, load_model

RowState: TypeAlias = tuple[Tensor, Tensor]  # h (int8) and c of one row, each (L, H)


class Cell:
    """A model in the form that steps, for any number of rows."""

    def __init__(self, model: StoredModel, device: str) -> None:
        self.vocabulary = model.vocabulary
        self.quotes = model.quotes
        self.spelling = Spelling(model.vocabulary) if model.vocabulary.unit == "word" else None
        self.device = device
        self.layers = model.config.layers
        self.layout = laid_out(model)
        self.hidden = self.layout.hidden
        self.recorder = Recorder(device)
        self.pace = Pace(self._use_threads)
        self._packed: PackedModel | None = None

    @cached_property
    def numbers(self) -> "Numbers":
        """Return what steps in torch compute with."""
        return Numbers(self.layout, self.device)

    @property
    def packed(self) -> PackedModel | None:
        """What steps in C compute with, if the library is there by now."""
        if self._packed is None and self.device == "cpu" and (library := kernel().ready()):
            self._packed = packed_model(library, self.layout)
        return self._packed

    @property
    def way(self) -> str:
        """In words, how steps are taken."""
        return "torch" if self.packed is None else "native"

    def seat(self, states: Sequence[RowState]) -> "Desk | NativeDesk":
        """Return a desk for rows in these states."""
        return NativeDesk(self.packed, states) if self.packed else Desk(self, states)

    def zero(self) -> RowState:
        """Return the state before the first token."""
        h = torch.zeros(self.layers, self.hidden, dtype=torch.int8, device=self.device)
        return h, torch.zeros(self.layers, self.hidden, device=self.device)

    def _use_threads(self, count: int) -> None:
        if self._packed is not None:
            self._packed.threads, count = count, 1  # torch has little left to do
        torch.set_num_threads(count)


class Numbers:
    """What steps in torch compute with, on their device."""

    def __init__(self, layout: Layout, device: str) -> None:
        self.matrices = [IntMatrix(weight, device) for weight in layout.matrices]
        self.scales = [scale.to(device) for scale in layout.scales]
        self.vectors = [vector.to(device) for vector in layout.vectors]
        self.table = layout.table.to(device)
        self.tanh = torch.from_numpy(tanh_table()).to(device)
        self.tanh_127 = self.tanh * 127.0  # of c, so that h comes times 127
        # sigmoid(2x) = (1 + tanh(x)) / 2 for i, f and o; g in units of the grid, as c is
        shift, gain = torch.tensor([[0.5, 0.5, 0.5, 0.0], [0.5, 0.5, 0.5, PER_UNIT]])
        self.shift = shift.repeat_interleave(layout.hidden).to(device)
        self.gain = gain.repeat_interleave(layout.hidden).to(device)


class Desk(Steps):
    """Rows that step together; every buffer and view is made once, as a step is 100 µs long."""

    def __init__(self, cell: Cell, states: Sequence[RowState]) -> None:
        rows, hidden, layers = len(states), cell.hidden, range(cell.layers)
        self.numbers = cell.numbers
        h = torch.stack([h for h, _ in states]).flatten(1)  # (B, L * H), times 127
        self.h = h.to(cell.numbers.matrices[0].dtype(rows))
        self.c = [torch.stack([c[i] for _, c in states]) for i in layers]
        self.z = torch.empty(rows, 4 * hidden, device=cell.device)
        self.i, self.f, self.o, self.g = self.z.chunk(4, dim=1)
        self.place = torch.empty_like(self.z, dtype=torch.int32)
        self.looked_up = torch.empty_like(self.z)
        self.new = torch.empty_like(self.c[0])
        self.place_of_new = torch.empty_like(self.new, dtype=torch.int32)
        self.flat = [x.view(-1) for x in (self.z, self.place, self.new, self.place_of_new)]
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
        h = self.h.to(torch.int8).view(len(self.h), len(self.c), -1)
        c = torch.stack(self.c, dim=1)
        return [(h[i].clone(), c[i].clone()) for i in range(len(h))]

    def _step(self, ids: Tensor) -> Tensor:
        """Take a step. A product and a sum are never one operation: see `grid`."""
        by, z, new = self.numbers, self.z, self.new
        flat_z, flat_place, flat_new, flat_place_of_new = self.flat
        vector = torch.index_select(by.table, 0, ids, out=self.looked_up)
        for n, c in enumerate(self.c):
            torch.mul(by.matrices[n](self.inputs[n]), by.scales[n], out=z).add_(vector)
            self.place.copy_(z.clamp_(0.0, LAST + 0.5))
            torch.index_select(by.tanh, 0, flat_place, out=flat_z)
            torch.addcmul(by.shift, z, by.gain, out=z)  # exact: factors are powers of two
            torch.add(c.mul_(self.f), torch.mul(self.i, self.g, out=new), out=c)
            self.place_of_new.copy_(torch.add(c, ZERO + 0.5, out=new).clamp_(0.0, LAST + 0.5))
            torch.index_select(by.tanh_127, 0, flat_place_of_new, out=flat_new)
            torch.mul(new, self.o, out=self.rounded[n]).round_()
            if self.is_int8:
                self.outputs[n].copy_(new)
            vector = by.vectors[n]
        return by.matrices[-1](self.outputs[-1]).mul_(by.scales[-1]).add_(vector)


def load_cell(path: Path, device: str) -> Cell:
    """Load a model to step on `device`.

    Raises:
        DamagedWeightsError: if the file is no text model.
    """
    return Cell(load_model(path), device)
