"""Who sits in the batch: runs, the samples they asked for, and what each has read and written.

A row takes one step per token: it reads its prompt, then what it wrote itself. Rows join and
leave at any step, so nothing here depends on the other rows.
"""

import json
import math
from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genart_core.arts.text.history import REPEAT_ORDER, Ending, Repeats
from genart_core.arts.text.quotes import QuoteIndex
from genart_core.arts.text.request import TextRequest
from genart_core.arts.text.spelling import Spelling, Wording
from genart_core.arts.text.vocabulary import Vocabulary
from genart_core.artwork import Artwork, Output, Run
from genart_core.request import sample_seed

# The whole result must stay within 64 KiB of JSON; the rest of it needs far less than 16.
TEXTS_BYTES = 48 * 1024
UNKNOWN_LIMIT = 64


class Row:
    """One sample on its way."""

    def __init__(self, draft: "Draft", index: int) -> None:
        request = draft.request
        self.draft = draft
        self.index = index
        self.request = request
        self.seed = sample_seed(request.seed or 0, index)
        self.written: list[int] = []
        self.pieces: list[str] = []
        self.entropy_bits = 0.0
        self.repeats: Repeats | None = None
        if request.repetition_penalty > 1.0:
            self.repeats = Repeats(REPEAT_ORDER[draft.vocabulary.unit])
        self.wording: Wording | None = None
        if draft.spelling is not None:
            self.wording = Wording(draft.spelling, len(draft.prompt), draft.lead)
        self._ending = Ending(request.stop)
        self._steps = 0
        self._random = np.random.Generator(np.random.PCG64(np.random.SeedSequence(self.seed)))

    @property
    def is_stopped(self) -> bool:
        """True once the text has come to a stop string."""
        return self._ending.is_reached

    @property
    def steps_left(self) -> int:
        """Return how many steps remain; the last token read in is the last but one written."""
        if self.is_stopped:
            return 0
        return len(self.draft.prompt) - 1 + self.request.length - self._steps

    @property
    def text(self) -> str:
        """Return what was written and is certain to stay."""
        return "".join(self.pieces)

    def prompt(self, steps: int) -> list[int]:
        """Return the ids to read in the next `steps` steps, for as many as the prompt lasts."""
        return self.draft.prompt[self._steps : self._steps + steps]

    def exponential(self, steps: int, size: int) -> NDArray[np.float64]:
        """Return standard exponential noise `(n, size)` for those of `steps` that will write.

        In double precision: single would give every token a probability of at least 1e-7.
        """
        count = max(0, min(steps, self._steps + steps - (len(self.draft.prompt) - 1)))
        return self._random.standard_exponential((count, size))

    def accept(self, ids: Sequence[int], entropies: Sequence[float]) -> None:
        """Take in what the next steps gave; what came out while the prompt was read is dropped."""
        dropped = max(0, len(self.draft.prompt) - 1 - self._steps)
        self._steps += len(ids)
        ids = ids[dropped:]
        if not ids:
            return
        pieces = [self.draft.vocabulary.tokens[i] for i in ids]
        if not self.written:
            pieces[0] = pieces[0].removeprefix(self.draft.lead)
        count, text = len(ids), "".join(pieces)
        if self.request.stop:
            count, text = self._read_to_end(pieces)
        self.written.extend(ids[:count])
        self.entropy_bits += math.fsum(entropies[dropped : dropped + count])
        self.pieces.append(text)
        self.draft.tell(self, text)

    def _read_to_end(self, pieces: Sequence[str]) -> tuple[int, str]:
        """Return how many of the pieces belong to the text, and what of it is certain by them."""
        text = []
        for count, piece in enumerate(pieces, start=1):
            text.append(self._ending.accept(piece))
            if self.is_stopped:
                return count, "".join(text)
        if not self.steps_left:
            text.append(self._ending.rest())
        return len(pieces), "".join(text)


class Draft:
    """One run and its samples."""

    def __init__(
        self,
        run: Run,
        vocabulary: Vocabulary,
        quotes: QuoteIndex | None,
        spelling: Spelling | None,
    ) -> None:
        self.run = run
        self.request: TextRequest = run.request
        self.vocabulary = vocabulary
        self.quotes = quotes
        self.spelling = spelling
        ids, self.lead, unknown = vocabulary.begin(self.request.prompt)
        self.unknown = unknown[:UNKNOWN_LIMIT]
        # A network that starts in the middle of a line never finds in.
        self.prompt = [*vocabulary.opening, *ids]
        self.rows = [Row(self, index) for index in range(self.request.num_samples)]

    def tell(self, row: Row, text: str) -> None:
        """Report newly written text to the run."""
        if text:
            self.run.token(row.index, text)
        length = self.request.length
        written = sum(length if one.is_stopped else len(one.written) for one in self.rows)
        self.run.progress(written, self.request.num_samples * length)

    def finish_if_complete(self) -> None:
        """Hand the artwork in once every sample is written."""
        if not any(row.steps_left for row in self.rows):
            self.run.finish(self._artwork())

    def _artwork(self) -> Artwork:
        texts = [row.text for row in self.rows]
        outputs = tuple(Output(text.encode(), "text/plain; charset=utf-8") for text in texts)
        share = TEXTS_BYTES // len(texts)
        samples: list[dict[str, Any]] = [
            {
                "text": _shortened(text, share),
                "seed": row.seed,
                "tokens": len(row.written),
                "finish_reason": "stop" if row.is_stopped else "length",
                "entropy_bits": round(row.entropy_bits / len(row.written), 4),
                "verbatim_share": self._verbatim_share(row, text),
                "unknown_characters": self.unknown,
            }
            for row, text in zip(self.rows, texts, strict=True)
        ]
        return Artwork(outputs, {"samples": samples})

    def _verbatim_share(self, row: Row, text: str) -> float | None:
        """Return the share of the text's characters that stand in quotes from the training text.

        None if the model came without an index of its training text.
        """
        if self.quotes is None:
            return None
        ids = np.array(row.written)
        lengths = np.array(self.vocabulary.lengths)[ids]
        characters = np.repeat(self.quotes.mask(ids), lengths)[len(self.lead) :][: len(text)]
        return round(float(characters.mean()), 4) if len(characters) else 0.0


class Seats:
    """The rows that step together, at most `limit`, and the queue for their places."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        quotes: QuoteIndex | None,
        spelling: Spelling | None,
        limit: int,
    ) -> None:
        self.vocabulary = vocabulary
        self.quotes = quotes
        self.spelling = spelling
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
            self.waiting.extend(Draft(run, self.vocabulary, self.quotes, self.spelling).rows)

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
