"""Who sits in the batch: runs, the samples they asked for, and what each has read and written.

A row takes one step per character: it reads its prompt, then what it wrote itself. Rows join and
leave at any step, so nothing here depends on the other rows.
"""

import hashlib
import json
import math
from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genart_core.arts.text.request import TextRequest
from genart_core.arts.text.vocabulary import Vocabulary
from genart_core.artwork import Artwork, Output, Run
from genart_core.request import MAX_SEED

# The whole result must stay within 64 KiB of JSON; the rest of it needs far less than 16.
TEXTS_BYTES = 48 * 1024
UNKNOWN_LIMIT = 64
# Below this the softmax is a maximum for any two logits that fp32 can tell apart.
GREEDY_TEMPERATURE = 1e-6


def sample_seed(seed: int, index: int) -> int:
    """Return the seed of sample `index`: asked for alone, it gives the same text again."""
    if index == 0:
        return seed
    digest = hashlib.sha256(f"{seed}/{index}".encode()).digest()
    return int.from_bytes(digest[:8], "little") % (MAX_SEED + 1)


class Row:
    """One sample on its way."""

    def __init__(self, draft: "Draft", index: int) -> None:
        request = draft.request
        self.draft = draft
        self.index = index
        self.seed = sample_seed(request.seed or 0, index)
        self.length = request.length
        is_greedy = request.strategy == "greedy" or request.temperature < GREEDY_TEMPERATURE
        self.temperature = 0.0 if is_greedy else request.temperature
        self.written: list[int] = []
        self.entropy_bits = 0.0
        self._steps = 0
        self._random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(self.seed)))

    @property
    def steps_left(self) -> int:
        """Return how many steps remain; the last character read in is the last but one written."""
        return len(self.draft.prompt) - 1 + self.length - self._steps

    def prompt(self, steps: int) -> list[int]:
        """Return the ids to read in the next `steps` steps, for as many as the prompt lasts."""
        return self.draft.prompt[self._steps : self._steps + steps]

    def noise(self, steps: int, size: int) -> NDArray[np.float64]:
        """Return standard Gumbel noise `(n, size)` for those of the next `steps` that will write.

        The maximum of x / T plus this noise is a draw from softmax(x / T) (the Gumbel-max trick,
        arXiv:1411.0030). In double precision: single would give every character a floor of 1e-7.
        """
        count = max(0, min(steps, self._steps + steps - (len(self.draft.prompt) - 1)))
        gumbel: NDArray[np.float64] = -np.log(self._random.standard_exponential((count, size)))
        return gumbel

    def accept(self, ids: Sequence[int], entropies: Sequence[float]) -> None:
        """Take in what the next steps gave; what came out while the prompt was read is dropped."""
        dropped = max(0, len(self.draft.prompt) - 1 - self._steps)
        self._steps += len(ids)
        self.written.extend(ids[dropped:])
        self.entropy_bits += math.fsum(entropies[dropped:])
        if ids[dropped:]:
            self.draft.tell(self, ids[dropped:])


class Draft:
    """One run and its samples."""

    def __init__(self, run: Run, vocabulary: Vocabulary) -> None:
        self.run = run
        self.request: TextRequest = run.request
        self.vocabulary = vocabulary
        ids, unknown = vocabulary.encode(self.request.prompt)
        self.unknown = unknown[:UNKNOWN_LIMIT]
        self.prompt = ids or [vocabulary.start]
        self.rows = [Row(self, index) for index in range(self.request.num_samples)]

    def tell(self, row: Row, ids: Sequence[int]) -> None:
        """Report newly written characters to the run."""
        self.run.token(row.index, self.vocabulary.decode(ids))
        written = sum(len(other.written) for other in self.rows)
        self.run.progress(written, self.request.num_samples * self.request.length)

    def finish_if_complete(self) -> None:
        """Hand the artwork in once every sample is written."""
        if not any(row.steps_left for row in self.rows):
            self.run.finish(self._artwork())

    def _artwork(self) -> Artwork:
        texts = [self.vocabulary.decode(row.written) for row in self.rows]
        outputs = tuple(Output(text.encode(), "text/plain; charset=utf-8") for text in texts)
        share = TEXTS_BYTES // len(texts)
        samples: list[dict[str, Any]] = [
            {
                "text": _shortened(text, share),
                "seed": row.seed,
                "entropy_bits": round(row.entropy_bits / row.length, 4),
                "unknown_characters": self.unknown,
            }
            for row, text in zip(self.rows, texts, strict=True)
        ]
        return Artwork(outputs, {"samples": samples})


class Seats:
    """The rows that step together, at most `limit`, and the queue for their places."""

    def __init__(self, vocabulary: Vocabulary, limit: int) -> None:
        self.vocabulary = vocabulary
        self.limit = limit
        self.seated: list[Row] = []
        self.waiting: deque[Row] = deque()

    @property
    def free(self) -> int:
        """Return how many further rows could be seated."""
        return self.limit - len(self.seated) - len(self.waiting)

    def admit(self, runs: Sequence[Run]) -> None:
        """Queue the samples of further runs."""
        for run in runs:
            self.waiting.extend(Draft(run, self.vocabulary).rows)

    def settle(self) -> None:
        """Let the rows of stopped runs and finished rows go, and seat those that wait."""
        stopped = {id(r.draft) for r in (*self.seated, *self.waiting) if r.draft.run.stopped}
        ended = {id(r.draft): r.draft for r in self.seated if not r.steps_left}
        for key, draft in ended.items():
            if key not in stopped:
                draft.finish_if_complete()
        self.seated = [r for r in self.seated if r.steps_left and id(r.draft) not in stopped]
        self.waiting = deque(r for r in self.waiting if id(r.draft) not in stopped)
        while self.waiting and len(self.seated) < self.limit:
            self.seated.append(self.waiting.popleft())


def _shortened(text: str, size: int) -> str:
    """Return the longest beginning whose JSON, escaped to ASCII, has at most `size` bytes."""
    if len(json.dumps(text)) <= size:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if len(json.dumps(text[:middle])) <= size else (low, middle - 1)
    return text[:low]
