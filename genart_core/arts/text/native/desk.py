"""Rows that step in C."""

from collections.abc import Sequence

import torch
from torch import Tensor

from genart_core.arts.text.native.library import Library, PackedDesk, PackedModel, Parts
from genart_core.arts.text.sampling import Steps, Walk
from genart_core.arts.text.stored import Layout


class NativeDesk(Steps):
    """As `cell.Desk`, with the same bits. It takes many steps at once if they are plain draws."""

    def __init__(self, model: PackedModel, states: Sequence[tuple[Tensor, Tensor]]) -> None:
        self.packed = PackedDesk(model, len(states))
        for row, (h, c) in enumerate(states):
            self.packed.h[row] = h.numpy().astype("int16") + 128
            self.packed.c[:, row] = c.numpy()
        self._ids = torch.from_numpy(self.packed.ids)
        self._logits = torch.from_numpy(self.packed.logits)

    def step(self, ids: Tensor) -> Tensor:
        """Read one token per row `(B,)`; return logits `(B, W)`."""
        self._ids.copy_(ids)
        self.packed.step()
        return self._logits.clone()

    def walk(self, ids: Tensor, walk: Walk) -> bool:
        """Take all steps of a walk, as none of them needs anything of Python."""
        self._ids.copy_(ids)
        self.packed.walk(
            prompts=walk.prompts.numpy(),
            sharpness=walk.sharpness.view(-1).numpy(),
            noise=walk.noise.numpy(),
            scores=walk.scores.numpy(),
            drawn=walk.drawn.numpy(),
        )
        return True

    def states(self) -> list[tuple[Tensor, Tensor]]:
        """Return the states of all rows, to be seated again elsewhere."""
        h, c = torch.from_numpy(self.packed.h), torch.from_numpy(self.packed.c)
        signed = (h.to(torch.int16) - 128).to(torch.int8)
        return [(signed[i].clone(), c[:, i].clone()) for i in range(len(signed))]


def packed_model(library: Library, layout: Layout) -> PackedModel:
    """Return a model in the order in which the library reads it."""
    parts = Parts(
        [matrix.numpy() for matrix in layout.matrices],
        [scale.numpy() for scale in layout.scales],
        [vector.numpy() for vector in layout.vectors],
        layout.table.numpy(),
    )
    return PackedModel(library, parts)
