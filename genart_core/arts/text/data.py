"""A corpus as token ids, and the endless stream of batches that a network reads it in."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from genart_core.arts.text.vocabulary import Vocabulary

VALIDATION_SHARE = 0.1


@dataclass(frozen=True)
class Corpus:
    """A text as ids `(n,)`, split into its first 90 % and, never trained on, its last 10 %."""

    train: Tensor
    validation: Tensor
    vocabulary: Vocabulary
    names: tuple[str, ...]
    sha256: str

    @property
    def characters(self) -> int:
        """Return the length of the whole text."""
        return len(self.train) + len(self.validation)


def read_corpus(paths: Sequence[Path], vocabulary: Vocabulary | None = None) -> Corpus:
    """Read UTF-8 files, joined in the given order by an empty line.

    With a `vocabulary`, that of a model to be trained on, characters it doesn't know are folded or
    left out; without one the corpus brings its own.

    Raises:
        ValueError: if a file is not UTF-8 text or the whole is too short to split.
    """
    texts = [_read_text(path) for path in paths]
    text = "\n\n".join(texts)
    digest = hashlib.sha256(text.encode()).hexdigest()
    if vocabulary is None:
        vocabulary = Vocabulary.of(text)
    ids = torch.from_numpy(_encode(text, vocabulary))
    split = len(ids) - int(len(ids) * VALIDATION_SHARE)
    if len(ids) < 200:
        raise ValueError(f"The text has {len(ids)} characters; at least 200 are needed")
    names = tuple(path.name for path in paths)
    return Corpus(ids[:split], ids[split:], vocabulary, names, digest)


class Batches:
    """Stateful batches: row b of each batch continues row b of the one before it.

    The text is read as a ring, cut into `rows` equal stretches that are read side by side, `chunk`
    characters at a time. Each new epoch turns the ring by a random offset, so that the cuts, the
    state after a cut and the borders of the chunks fall elsewhere.
    """

    def __init__(self, ids: Tensor, rows: int, chunk: int, generator: torch.Generator) -> None:
        self.ids = ids
        self.rows = max(1, min(rows, len(ids) // 2))
        self.stretch = len(ids) // self.rows
        self.chunk = max(1, min(chunk, self.stretch))
        self.generator = generator
        self.epoch = 0
        self.position = 0
        self.offset = 0

    def next(self) -> tuple[Tensor, Tensor, bool]:
        """Return inputs `(T, B)`, targets `(T, B)` and whether the state starts afresh."""
        if self.position + self.chunk > self.stretch:
            self.epoch += 1
            self.position = 0
            self.offset = int(torch.randint(len(self.ids), (1,), generator=self.generator))
        starts = torch.arange(self.rows) * self.stretch + self.offset + self.position
        places = torch.arange(self.chunk + 1)[:, None] + starts[None, :]  # (T + 1, B)
        window = self.ids[places % len(self.ids)].long()
        is_fresh = self.position == 0
        self.position += self.chunk
        return window[:-1], window[1:], is_fresh


def _read_text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text: {error}") from error
    if "\x00" in text:
        raise ValueError(f"{path} is not text: it contains NUL characters")
    return text


def _encode(text: str, vocabulary: Vocabulary) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Return the ids of a long text, about 50 times as quick as `Vocabulary.encode`."""
    points = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    distinct, inverse = np.unique(points, return_inverse=True)
    folded = [vocabulary.encode(chr(point))[0] for point in distinct]
    if all(len(ids) == 1 for ids in folded):
        return np.array([ids[0] for ids in folded], dtype=np.int32)[inverse]
    ids = [i for place in inverse for i in folded[place]]
    return np.array(ids, dtype=np.int32)
