"""Bits per character: how well a network foretells a text."""

import math
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

if TYPE_CHECKING:
    from genart_core.arts.text.model import CharLSTM

CONTEXT = 256
CHUNK = 256


def bits_per_character(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean of -log2 p(target); logits `(..., V)`, targets `(...)`."""
    return F.cross_entropy(logits.flatten(0, -2), targets.flatten()) / math.log(2)


@torch.no_grad()
def measure(network: "CharLSTM", ids: Tensor, rows: int = 32) -> float:
    """Bits per character of a whole text `(n,)`, each character foretold from all before it.

    The text is read in `rows` stretches side by side. Each begins by reading the last `CONTEXT`
    characters before it, uncounted, so that the cuts cost nothing; only the very first character of
    the text, which has nothing before it, is not counted.
    """
    ids = ids.long()
    stretch = math.ceil((len(ids) - 1) / rows)
    total, counted = 0.0, 0
    state = None
    columns = torch.arange(rows) * stretch
    for begin in range(-CONTEXT, stretch, CHUNK):
        size = min(CHUNK, stretch - begin)
        places = columns[None, :] + torch.arange(begin, begin + size + 1)[:, None]  # (T + 1, B)
        window = ids[places.clamp(0, len(ids) - 1)]
        logits, state = network(window[:-1], state)
        if begin < 0:
            # The first row has nothing before it: it must not begin with a repeated character.
            for h, c in state:
                h[:, 0], c[:, 0] = 0.0, 0.0
            continue
        counts = places[1:] < len(ids)
        loss = F.cross_entropy(logits.flatten(0, 1), window[1:].flatten(), reduction="none")
        total += float((loss.view_as(counts) * counts).sum(dtype=torch.float64))
        counted += int(counts.sum())
    return total / counted / math.log(2)
