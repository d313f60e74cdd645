"""Texts from an LSTM, many at once, each as if it were alone.

1. Graves, Generating sequences with recurrent neural networks, arXiv:1308.0850.
2. Yu et al., Orca, OSDI 2022 (batches that requests join and leave at any step).
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from genart_core.arts.text.cell import Cell, load_cell
from genart_core.arts.text.rows import Row, Seats
from genart_core.arts.text.sampling import Sampler, write
from genart_core.arts.text.stored import padded
from genart_core.artwork import Run, Workbench

MAX_ROWS = 32
CHUNK_SECONDS = 0.03  # the longest time between two looks at `stopped`
POLL_SECONDS = 0.03


def generate(runs: Sequence[Run], workbench: Workbench) -> None:
    """Write the texts of all runs, and of those that join while they are being written."""
    cell = workbench.model("text", runs[0].request.model, load_cell)
    seats = Seats(cell.vocabulary, cell.quotes, cell.spelling, MAX_ROWS)
    seats.admit(runs)
    table = Table(cell)
    poll_due = 0.0
    with paced(cell):
        while True:
            seats.settle()
            if seats.free > 0 and time.monotonic() >= poll_due:
                seats.admit(workbench.more(seats.free))
                seats.settle()
                poll_due = time.monotonic() + POLL_SECONDS
            if not seats.seated:
                return
            table.advance(seats.seated)


@contextmanager
def paced(cell: Cell) -> Iterator[None]:
    """Let the cell's pace choose among the threads that are given by torch's setting."""
    given = torch.get_num_threads()
    cell.pace.give(given if cell.device == "cpu" else 1)
    try:
        yield
    finally:
        torch.set_num_threads(given)


class Table:
    """Steps whoever is seated, and moves the states along when the company changes."""

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.rows: list[Row] = []
        self.desk = cell.seat([cell.zero()])
        self.sampler = Sampler([], [], len(cell.vocabulary), cell.device)
        self.last = torch.empty(0, dtype=torch.long)
        self.seconds_per_step = 1e-3

    def advance(self, rows: list[Row]) -> None:
        """Take as many steps as fit in `CHUNK_SECONDS`, or as the first row to end needs."""
        if rows != self.rows:
            self._seat(rows)
        begin = time.perf_counter()
        device, pace = self.cell.device, self.cell.pace
        fitting = max(1, int(CHUNK_SECONDS / self.seconds_per_step))
        steps = pace.begin(min(fitting, min(row.steps_left for row in rows)))
        drawn, entropies = write(
            self.desk,
            self.sampler,
            self.last,
            prompts=_prompts(rows, steps).to(device),
            noise=_noise(rows, steps, len(self.cell.vocabulary)).to(device),
        )
        self.last = drawn[-1]
        for row, ids, bits in zip(rows, drawn.t().tolist(), entropies.t().tolist(), strict=True):
            row.accept(ids, bits)
        seconds = (time.perf_counter() - begin) / steps
        pace.end(seconds)
        if not pace.is_trial:
            self.seconds_per_step = seconds

    def _seat(self, rows: list[Row]) -> None:
        states = dict(zip(self.rows, self.desk.states(), strict=False))
        last = dict(zip(self.rows, self.last.tolist(), strict=True))
        self.seconds_per_step *= max(1.0, len(rows) / max(1, len(self.rows)))
        self.desk = self.cell.seat([states.get(row) or self.cell.zero() for row in rows])
        self.last = torch.tensor([last.get(row, 0) for row in rows], device=self.cell.device)
        requests, repeats = [row.request for row in rows], [row.repeats for row in rows]
        wordings = [row.wording for row in rows if row.wording is not None]
        size, device = len(self.cell.vocabulary), self.cell.device
        self.sampler = Sampler(requests, repeats, size, device, wordings)
        self.rows = list(rows)
        self.cell.pace.forget()


def _prompts(rows: list[Row], steps: int) -> Tensor:
    prompts = torch.full((steps, len(rows)), -1)
    for i, row in enumerate(rows):
        if ids := row.prompt(steps):
            prompts[: len(ids), i] = torch.tensor(ids)
    return prompts


def _noise(rows: list[Row], steps: int, size: int) -> Tensor:
    """Return standard Gumbel noise `(K, B, W)`, 0 for greedy rows and while a prompt is read."""
    noise = np.ones((steps, len(rows), padded(size)), dtype=np.float32)
    for i, row in enumerate(rows):
        if not row.request.is_greedy:
            drawn = row.exponential(steps, size)
            noise[steps - len(drawn) :, i, :size] = drawn
    return torch.from_numpy(np.negative(np.log(noise, out=noise), out=noise))
