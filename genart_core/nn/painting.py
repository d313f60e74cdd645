"""Pictures of several callers, computed in batches that they share.

A batch always has as many rows, so that the same kernels run on a picture whoever shares it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import torch
from torch import Tensor

from genart_core.artwork import Artwork, Run
from genart_core.errors import ArtError, RefusedError

# More at once is hardly faster on a CPU: 16 already fill the caches of a core.
CPU_BATCH, CUDA_BATCH = 16, 64

Rows: TypeAlias = tuple[Tensor, ...]


@dataclass
class Commission:
    """One run: the tensors whose rows are its pictures to be, and what is painted of them.

    `framed` makes the artwork of all pictures once they are there.
    """

    run: Run
    rows: Rows
    framed: Callable[[Tensor], Artwork]
    parts: list[Tensor] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many pictures are wanted."""
        return len(self.rows[0])

    @property
    def done(self) -> int:
        """How many are painted."""
        return sum(map(len, self.parts))

    @property
    def is_done(self) -> bool:
        """Whether all of them are."""
        return self.done == self.count


def paint(
    runs: Sequence[Run],
    plan: Callable[[Run], Commission],
    compute: Callable[..., Tensor],
    *,
    batch: int,
) -> None:
    """Paint the pictures of all runs side by side; whoever is done first is finished first.

    A run whose plan is refused, or whose pictures can't be framed, fails alone.
    """
    waiting = [c for run in runs if (c := _planned(run, plan)) is not None]
    while waiting := [c for c in waiting if not (c.is_done or c.run.stopped)]:
        shared = list(_next(waiting, batch))
        columns = zip(*(rows for _, rows in shared), strict=True)
        images = compute(*(torch.cat(column) for column in columns))
        for commission, rows in shared:
            commission.parts.append(images[: len(rows[0])])
            images = images[len(rows[0]) :]
            commission.run.progress(commission.done, commission.count)
            if commission.is_done and not commission.run.stopped:
                _finish(commission)


def batch_of(device: str) -> int:
    """Return how many rows a batch has on a device."""
    return CUDA_BATCH if device.startswith("cuda") else CPU_BATCH


def batched(compute: Callable[..., Tensor], *tensors: Tensor, device: str) -> Tensor:
    """Return what `compute` makes of the rows of tensors, batch by batch on a device, in float32.

    The last batch is filled with zeros.
    """
    batch, count = batch_of(device), len(tensors[0])
    parts = []
    with torch.inference_mode():
        for start in range(0, count, batch):
            whole = [_filled(t[start : start + batch], batch).to(device) for t in tensors]
            parts.append(compute(*whole)[: count - start].float().cpu())
    return torch.cat(parts)


def _planned(run: Run, plan: Callable[[Run], Commission]) -> Commission | None:
    try:
        return plan(run)
    except (ArtError, RefusedError) as error:
        run.fail(error.code, str(error))
        return None


def _next(waiting: Sequence[Commission], room: int) -> Iterator[tuple[Commission, Rows]]:
    """Yield the rows of the next `room` pictures, those of the first runs first."""
    for commission in waiting:
        start = commission.done
        rows = tuple(tensor[start : start + room] for tensor in commission.rows)
        room -= len(rows[0])
        if len(rows[0]):
            yield commission, rows


def _finish(commission: Commission) -> None:
    try:
        artwork = commission.framed(torch.cat(commission.parts))
    except ArtError as error:
        commission.run.fail(error.code, str(error))
        return
    commission.run.finish(artwork)


def _filled(rows: Tensor, count: int) -> Tensor:
    return torch.cat([rows, rows.new_zeros(count - len(rows), *rows.shape[1:])])
