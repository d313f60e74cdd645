"""A corpus as token ids, and the endless stream of batches that a network reads it in."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genart_core.arts.text.tokens import (
    BLOCK,
    CODE_POINTS,
    Source,
    Survey,
    code_points,
    count,
    find_vocabulary,
)
from genart_core.arts.text.vocabulary import Unit, Vocabulary

Ids: TypeAlias = NDArray[np.integer[Any]]

VALIDATION_SHARE = 0.1
# More would only make the evaluations of a large text slow, not its figures better.
MAX_VALIDATION = 1_000_000
MIN_TOKENS = 200


@dataclass(frozen=True)
class Corpus:
    """A text as ids `(n,)`, split into its first 90 % and, never trained on, its last 10 %.

    Both are read from a file as they are needed. `validation` is at most the first
    `MAX_VALIDATION` tokens of its part. `characters` is the length of all ids decoded,
    `validation_characters` that of `validation`, `sha256` that of the text they were made from.
    """

    train: Ids
    validation: Ids
    vocabulary: Vocabulary
    names: tuple[str, ...]
    sha256: str
    characters: int
    validation_characters: int


def read_corpus(
    paths: Sequence[Path],
    folder: Path,
    *,
    unit: Unit = "character",
    size: int = 8192,
    reflow: bool = False,
    vocabulary: Vocabulary | None = None,
    block: int = BLOCK,
) -> Corpus:
    """Read UTF-8 files, joined in the given order by an empty line.

    They are read in blocks of so many bytes, several times; the ids lie in a nameless file in
    `folder`, which vanishes with the process, so that memory needn't hold the text.

    With a `vocabulary`, that of a model to be trained on, characters it doesn't know are folded or
    left out; without one the corpus brings its own, of words with at most `size` tokens. `reflow`
    joins the lines of each paragraph.

    Raises:
        ValueError: if a file is not UTF-8 text or the whole is too short to split.
    """
    source = Source(tuple(paths), reflow, block)
    survey = Survey.of(source)
    length = int(survey.counts.sum())
    trained = length - int(length * VALIDATION_SHARE)
    if vocabulary is None:
        vocabulary = find_vocabulary(source, survey, unit, size, trained)
    elif vocabulary.unit == "word":
        vocabulary = vocabulary.with_spelled(count(source, vocabulary, trained))
    ids, characters = _written(source, vocabulary, folder)
    split = len(ids) - int(len(ids) * VALIDATION_SHARE)
    validation = ids[split : split + MAX_VALIDATION]
    return Corpus(
        train=ids[:split],
        validation=validation,
        vocabulary=vocabulary,
        names=tuple(path.name for path in paths),
        sha256=survey.sha256,
        characters=characters,
        validation_characters=int(np.array(vocabulary.lengths)[validation].sum()),
    )


class Batches:
    """Stateful batches: row b of each batch continues row b of the one before it.

    The text is read as a ring, cut into `rows` equal stretches that are read side by side, `chunk`
    tokens at a time. Each new epoch turns the ring by a random offset, so that the cuts, the
    state after a cut and the borders of the chunks fall elsewhere.
    """

    def __init__(self, ids: Ids, rows: int, chunk: int, generator: torch.Generator) -> None:
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
        starts = np.arange(self.rows) * self.stretch + self.offset + self.position
        places = np.arange(self.chunk + 1)[:, None] + starts[None, :]  # (T + 1, B)
        window = torch.from_numpy(self.ids[places % len(self.ids)].astype(np.int64))
        is_fresh = self.position == 0
        self.position += self.chunk
        return window[:-1], window[1:], is_fresh


def _written(source: Source, vocabulary: Vocabulary, folder: Path) -> tuple[Ids, int]:
    """Return the ids of a text, mapped from a file in `folder`, and the length of all decoded."""
    kind = np.min_scalar_type(max(0, len(vocabulary) - 1))
    lengths = np.array(vocabulary.lengths)
    ids_of = _encoder(vocabulary)
    count = characters = 0
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        for text in source:
            ids = ids_of(text)
            file.write(ids.astype(kind).tobytes())
            count += len(ids)
            characters += int(lengths[ids].sum())
        if count < MIN_TOKENS:
            what = "characters" if vocabulary.unit == "character" else "tokens"
            raise ValueError(f"The text has {count} {what}; at least {MIN_TOKENS} are needed")
        file.flush()
        return np.memmap(file, dtype=kind, mode="r", shape=(count,)), characters


def _encoder(vocabulary: Vocabulary) -> Callable[[str], Ids]:
    """Return `Vocabulary.encode`, about 50 times as quick for characters."""
    if vocabulary.unit == "word":
        return lambda text: np.array(vocabulary.encode(text)[0], dtype=np.uint32)
    table = np.zeros(CODE_POINTS, dtype=np.min_scalar_type(max(0, len(vocabulary) - 1)))
    table[[ord(character) for character in vocabulary.tokens]] = np.arange(len(vocabulary))
    return lambda text: table[code_points(vocabulary.fold(text)[0])]
