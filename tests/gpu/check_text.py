"""Texts on a CUDA device: the same in any company, and the same replayed as launched one by one."""

import time
from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks.rig.alone import LoneBench, LoneRun
from genart_core.arts.text.cell import Cell, Desk, load_cell
from genart_core.arts.text.generate import generate
from genart_core.arts.text.graph import EAGER_STEPS
from genart_core.arts.text.request import TextRequest
from genart_core.arts.text.stored import load_model
from genart_core.weights import SHIPPED

MODEL = SHIPPED / "text" / "nietzsche.safetensors"
DEVICE = "cuda:0"
COUNT = EAGER_STEPS + 200


class CudaBench(LoneBench):
    """A workbench on the CUDA device."""

    device = DEVICE


def text_in(bench: LoneBench, company: int, length: int = 2000) -> str:
    """Return the text of seed 3, written together with `company - 1` others."""
    seeds = [100 + i for i in range(company - 1)] + [3]
    runs = [LoneRun(TextRequest(length=length, temperature=0.8, seed=seed)) for seed in seeds]
    generate(runs, bench)
    artwork = runs[-1].artwork
    assert artwork is not None
    return artwork.outputs[0].data.decode()


def logits_of(cell: Cell, rows: int) -> Tensor:
    """Return the logits of `COUNT` steps, which are recorded on the way if the cell is able to."""
    desk = Desk(cell, [cell.zero()] * rows)
    generator = torch.Generator().manual_seed(1)
    ids = torch.randint(len(cell.vocabulary), (COUNT, rows), generator=generator).to(DEVICE)
    with torch.inference_mode():
        return torch.stack([desk.step(row).clone() for row in ids])


def check_2000_characters_are_equal_at_batch_1_3_and_16() -> str:
    """Compare one text in companies of three sizes."""
    bench = CudaBench(MODEL)
    texts = {company: text_in(bench, company) for company in (1, 3, 16)}
    assert len(texts[1]) == 2000
    assert texts[1] == texts[3] == texts[16]
    return repr(texts[1][:30])


def check_replayed_steps_are_the_launched_ones() -> str:
    """Compare every bit of the logits, and see that steps were recorded at all."""
    able, eager = load_cell(MODEL, DEVICE), load_cell(MODEL, DEVICE)
    eager.recorder.is_able = False
    for rows in (1, 3, 16):
        assert torch.equal(logits_of(able, rows), logits_of(eager, rows)), f"{rows} rows"
    assert able.recorder.is_able, "recording failed"
    return "1, 3, 16 rows"


def check_tf32_changes_nothing() -> str:
    """Compare products with TF32 allowed and not, as a cell is loaded under either."""
    expected = logits_of(load_cell(MODEL, DEVICE), 16)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high")
    try:
        cell = load_cell(MODEL, DEVICE)
        assert torch.equal(logits_of(cell, 16), expected)
    finally:
        torch.set_float32_matmul_precision(before)
    return ", ".join(str(matrix.transposed.dtype) for matrix in cell.numbers.matrices)


def check_speed_of_a_step() -> str:
    """Measure, and tell; there is no bar."""
    model, said = load_model(MODEL), []
    for rows in (1, 16):
        seconds = {}
        for is_able in (False, True):
            cell = Cell(model, DEVICE)
            cell.recorder.is_able = is_able
            desk = Desk(cell, [cell.zero()] * rows)
            ids = torch.zeros(rows, dtype=torch.long, device=DEVICE)
            with torch.inference_mode():
                seconds[is_able] = _seconds_per_step(desk, ids)
        said.append(
            f"{rows} rows: {seconds[True] * 1e6:.0f} µs replayed, "
            f"{seconds[False] * 1e6:.0f} µs launched one by one"
        )
    return "; ".join(said)


def _seconds_per_step(desk: Desk, ids: Tensor) -> float:
    for _ in range(COUNT):
        desk.step(ids)
    torch.cuda.synchronize()
    begin = time.perf_counter()
    for _ in range(COUNT):
        desk.step(ids)
    torch.cuda.synchronize()
    return (time.perf_counter() - begin) / COUNT


CHECKS: list[Callable[[], str]] = [
    check_2000_characters_are_equal_at_batch_1_3_and_16,
    check_replayed_steps_are_the_launched_ones,
    check_tf32_changes_nothing,
    check_speed_of_a_step,
]
