"""Texts from a character LSTM, many at once, each as if it were alone.

1. Graves, Generating sequences with recurrent neural networks, arXiv:1308.0850.
2. Maddison et al., A* sampling, arXiv:1411.0030 (the Gumbel-max trick).
3. Yu et al., Orca, OSDI 2022 (batches that requests join and leave at any step).
"""

import time
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from genart_core.arts.text.cell import Cell, Desk, load_cell
from genart_core.arts.text.model import padded
from genart_core.arts.text.rows import Row, Seats
from genart_core.artwork import Run, Workbench

MAX_ROWS = 32
CHUNK_SECONDS = 0.03  # the longest time between two looks at `stopped`
POLL_SECONDS = 0.03


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
