"""Bits per token: how well a network foretells a text."""

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

# Ids `(T, B)` and a state, None at first, to logits `(T, B, V)` and the next state.
Network: TypeAlias = Callable[[Tensor, Any], tuple[Tensor, Any]]

CONTEXT = 256
CHUNK = 256
LOGITS_BYTES = 64 << 20


def bits_per_token(logits: Tensor, targets: Tensor) -> Tensor:
    """Mean of -log2 p(target); logits `(..., V)`, targets `(...)`."""
    return F.cross_entropy(logits.flatten(0, -2), targets.flatten()) / math.log(2)


@torch.no_grad()
def measure(network: Network, ids: NDArray[np.integer[Any]], rows: int = 32) -> float:
    """Bits per token of a whole text `(n,)`, each token foretold from all before it.

    The text is read in `rows` stretches side by side. Each begins by reading the last `CONTEXT`
    tokens before it, uncounted, so that the cuts cost nothing; only the very first token of the
    text, which has nothing before it, is not counted.
    """
    stretch = math.ceil((len(ids) - 1) / rows)
    chunk = _chunk(network, rows)
    total, counted = 0.0, 0
    state = None
    columns = np.arange(rows) * stretch
    for begin in range(-CONTEXT, stretch, chunk):
        size = min(chunk, stretch - begin)
        places = columns[None, :] + np.arange(begin, begin + size + 1)[:, None]  # (T + 1, B)
        window = torch.from_numpy(ids[places.clip(0, len(ids) - 1)].astype(np.int64))
        logits, state = network(window[:-1], state)
        if begin < 0:
            # The first row has nothing before it: it must not begin with a repeated character.
            for h, c in state:
                h[:, 0], c[:, 0] = 0.0, 0.0
            continue
        counts = torch.from_numpy(places[1:] < len(ids))
        loss = F.cross_entropy(logits.flatten(0, 1), window[1:].flatten(), reduction="none")
        total += float((loss.view_as(counts) * counts).sum(dtype=torch.float64))
        counted += int(counts.sum())
    return total / counted / math.log(2)


def _chunk(network: Network, rows: int) -> int:
    """Return how many tokens to read at once: a divisor of `CHUNK`, so that the context ends at 0.

    The logits of all stay within `LOGITS_BYTES`, those of 256 characters far below.
    """
    logits, _ = network(torch.zeros(1, 1, dtype=torch.long), None)
    fitting = max(1, LOGITS_BYTES // (rows * logits[0, 0].nbytes))
    return int(min(CHUNK, 1 << (fitting.bit_length() - 1)))
