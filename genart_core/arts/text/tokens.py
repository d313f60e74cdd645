"""Text files as a stream of blocks, and the vocabulary that they call for.

A text may be larger than memory: nothing here holds more than a few blocks and the counts of its
characters and words.
"""

import codecs
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genart_core.arts.text.vocabulary import Unit, Vocabulary, split

BLOCK = 1 << 20
CODE_POINTS = 0x110000
# Held at once while words are counted, about 150 MB.
DISTINCT = 1 << 20

# A text without any of the better places is cut after so many characters wherever it stands.
_LONGEST = 1 << 20
_LAST_SPACE = re.compile(r"(?s:.*)(?<=\S)(?= \S)")
_LAST_LINE = re.compile(r"(?s:.*)(?<=\S)(?=\n\S)")


@dataclass(frozen=True)
class Source:
    """UTF-8 files, joined in the given order by an empty line; each iteration reads them anew.

    It yields pieces of the text that `split` cuts as it would cut the whole. `block` is the number
    of bytes that are read at once.

    Raises, while it is read:
        ValueError: if a file is not UTF-8 text, or none that can be read twice.
    """

    paths: tuple[Path, ...]
    reflow: bool = False
    block: int = BLOCK

    def __iter__(self) -> Iterator[str]:
        blocks = _cut_at_spaces(self._joined())
        return map(reflowed, blocks) if self.reflow else blocks

    def _joined(self) -> Iterator[str]:
        for i, path in enumerate(self.paths):
            if i:
                yield "\n\n"
            yield from _read(path, self.block)


@dataclass(frozen=True)
class Survey:
    """The SHA-256 of a text in UTF-8, and how often each code point occurs `(0x110000,)`."""

    sha256: str
    counts: NDArray[np.int64]

    @classmethod
    def of(cls, source: Source) -> "Survey":
        """Read the text once."""
        digest = hashlib.sha256()
        counts = np.zeros(CODE_POINTS, dtype=np.int64)
        for text in source:
            digest.update(text.encode())
            seen = np.bincount(code_points(text))
            counts[: len(seen)] += seen
        return cls(digest.hexdigest(), counts)

    def most_frequent(self, size: int) -> list[str]:
        """Return the `size` most frequent characters, those of the same count by code point."""
        points = np.flatnonzero(self.counts)
        order = np.argsort(-self.counts[points], kind="stable")
        return [chr(point) for point in points[order[:size]]]


def code_points(text: str) -> NDArray[np.uint32]:
    """Return the code points of `text` `(n,)`."""
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)


def find_vocabulary(
    source: Source, survey: Survey, unit: Unit, size: int, characters: int
) -> Vocabulary:
    """Return the vocabulary of a text: all its characters, and with the unit `word` its words.

    Words are counted in the first so many `characters`, those that are trained on: a token that
    only the validation text has would never be learned. An alphabet so large that it would take
    more than half of the `size` tokens of a word vocabulary is cut to its most frequent characters.
    """
    if unit == "character":
        return Vocabulary(tuple(sorted(survey.most_frequent(CODE_POINTS))))
    alphabet = Vocabulary(tuple(survey.most_frequent(size // 2)))
    return Vocabulary.of_words(alphabet.tokens, count(source, alphabet, characters), size)


def count(source: Source, vocabulary: Vocabulary, characters: int) -> Counter[str]:
    """Return how often each piece occurs in the first so many `characters`, the rarest left out.

    Characters that the vocabulary doesn't know are folded before.
    """
    counts: Counter[str] = Counter()
    for text in source:
        counts.update(split(vocabulary.fold(text[:characters])[0]))
        if len(counts) > DISTINCT:
            counts = pruned(counts, DISTINCT // 2)
        characters -= len(text)
        if characters <= 0:
            break
    return counts


def pruned(counts: Counter[str], size: int) -> Counter[str]:
    """Return what is left when the rarest words are forgotten, at most `size`.

    This is the lossy counting of Manku & Motwani (2002, "Approximate Frequency Counts over Data
    Streams"): a word that comes back is counted from 0, so only the order of rare ones suffers.
    """
    floor = 0
    while len(counts) > size:
        floor += 1
        counts = Counter({word: count for word, count in counts.items() if count > floor})
    return counts


def reflowed(text: str) -> str:
    """Return `text` with the lines of each paragraph joined.

    Paragraphs are divided by blank lines, several of which become one; a line that is indented
    stays a line, as verse and the first lines of some paragraphs are, but loses its indent: how
    deep a book sets its verses is no more to learn than where it ends its lines. Lines are joined
    by a space, or after a hyphen or dash that ends a word by nothing. Spaces within a line become
    one.
    """
    text = re.sub(r"(?<![ \t])[ \t]+\n", "\n", text)
    text = re.sub(r"(?<=\S) {2,}(?=\S)", " ", text)
    text = re.sub(r"\n{3,}", "\n\n", text)
    text = re.sub(r"(?<=\S[-–—])\n(?=\S)", "", text)
    text = re.sub(r"(?<=\S)\n(?=\S)", " ", text)
    return re.sub(r"\n[ \t]+(?=\S)", "\n", text)


def _read(path: Path, block: int) -> Iterator[str]:
    """Yield the text of a file, with every line end as a newline and without the mark before it."""
    if not path.is_file():
        raise ValueError(f"{path} is no regular file; it is read more than once: save it first")
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    lines = io.IncrementalNewlineDecoder(decoder, translate=True)
    end, data = 0, b"\n"
    with path.open("rb") as file:
        while data:
            data = file.read(block)
            end += len(data)
            try:
                text = lines.decode(data, final=not data)
            except UnicodeDecodeError as error:
                place = end - len(error.object) + error.start
                reason = f"{error.reason} at byte {place}; convert it first"
                raise ValueError(f"{path} is not UTF-8 text: {reason}") from error
            if "\x00" in text:
                raise ValueError(f"{path} is not text: it contains NUL characters")
            yield text


def _cut_at_spaces(blocks: Iterable[str]) -> Iterator[str]:
    """Yield the same text, cut before single spaces within a line.

    There a piece of `split` begins, and neither `split` nor `reflowed` looks across.
    """
    held = ""
    for block in blocks:
        held += block
        place = _LAST_SPACE.match(held)
        if place is None and len(held) >= _LONGEST:
            place = _LAST_LINE.match(held) or re.match(r"(?s:.*)", held)
        if place is not None:
            yield held[: place.end()]
            held = held[place.end() :]
    if held:
        yield held
