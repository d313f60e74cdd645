"""The tokens that a text model knows, characters or words, and how any text is read in them."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Literal, TypeAlias

Unit: TypeAlias = Literal["character", "word"]

# A word that is seen less often is spelled: a model learns nothing of a token from one occurrence.
MIN_COUNT = 3
# What is before each text, as if it were a paragraph among others.
OPENING = ".\n\n"
# Spelled words are remembered up to so many, about 1 MB, and so long.
MAX_SPELLED = 1 << 17
LONGEST = 64

# Typographic characters and what typewriter texts put in their place.
_PLAIN = {
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "′": "'", "`": "'",
    "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "″": '"',
    "‐": "-", "‑": "-", "‒": "-", "–": "-", "—": "--", "―": "--", "−": "-",
    "…": "...", "\t": " ", "\r\n": "\n", "\r": "\n",
    "\u00a0": " ", "\u2009": " ", "\u202f": " ",
}  # fmt: skip


@dataclass(frozen=True)
class Vocabulary:
    """Distinct tokens in a fixed order; a token's id is its place.

    With the unit `word` they are the pieces of `split`, and all characters. Any other piece is
    spelled by them. `spelled` are the pieces of the training text that are no token of more than
    one character; without any it isn't known which pieces there are.
    """

    tokens: tuple[str, ...]
    unit: Unit = "character"
    spelled: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str) -> "Vocabulary":
        """Return the vocabulary of all characters in `text`, by code point."""
        return cls(tuple(sorted(set(text))))

    @classmethod
    def of_words(
        cls, characters: Iterable[str], counts: Mapping[str, int], size: int
    ) -> "Vocabulary":
        """Return all `characters`, by code point, and the most frequent pieces, the first first.

        Pieces with the same count go by code point. They fill up `size` tokens, unless too few are
        seen `MIN_COUNT` times.
        """
        alphabet = sorted(set(characters))
        pieces = [p for p, count in counts.items() if count >= MIN_COUNT and len(p) > 1]
        pieces.sort(key=lambda piece: (-counts[piece], piece))
        tokens = (*alphabet, *pieces[: max(0, size - len(alphabet))])
        return cls(tokens, "word").with_spelled(counts)

    def with_spelled(self, counts: Mapping[str, int]) -> "Vocabulary":
        """Return the same tokens with the most frequent of the counted pieces that are spelled.

        None are told of a text most of which is spelled: it is in a script without spaces, and what
        `split` takes for words are whole clauses.
        """
        found = {p: n for p, n in counts.items() if len(p) == 1 or p not in self.ids}
        size = sum(len(p) * n for p, n in found.items() if len(p) > 1)
        if 2 * size > sum(len(p) * n for p, n in counts.items()):
            return self
        pieces = sorted((p for p in found if len(p) <= LONGEST), key=lambda p: (-found[p], p))
        spelled = dict.fromkeys((*self.spelled, *pieces))
        return replace(self, spelled=tuple(spelled)[:MAX_SPELLED])

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def ids(self) -> dict[str, int]:
        """Return the id of each token."""
        return {token: i for i, token in enumerate(self.tokens)}

    @cached_property
    def lengths(self) -> tuple[int, ...]:
        """Return the number of characters of each token."""
        return tuple(map(len, self.tokens))

    @cached_property
    def opening(self) -> list[int]:
        """Return the ids that every text is begun from: a sentence's end and an empty line.

        After a line's end alone, where texts have indented lines, there is more white space to
        come than words. A text without full stops is begun from a line's end all the same.
        """
        if all(c in self.ids for c in OPENING):
            return [self.ids[c] for c in OPENING]
        return [self.ids.get("\n", 0)]

    def encode(self, text: str) -> tuple[list[int], str]:
        """Return the ids of `text`, and the distinct characters that had to be left out.

        All that is known comes back from `decode` as it was; the rest is folded before.
        """
        known, unknown = self.fold(text.replace("\r\n", "\n"))
        if self.unit == "character":
            return [self.ids[character] for character in known], unknown
        ids: list[int] = []
        for piece in split(known):
            token = self.ids.get(piece)
            if token is None:
                ids.extend(self.spell(piece))
            else:
                ids.append(token)
        return ids, unknown

    def begin(self, prompt: str) -> tuple[list[int], str, str]:
        """Return the ids to continue from, how the text is to begin, and what was left out.

        By words, a text may have to begin with the end of its prompt: a last space belongs to the
        next word, and so does a word that has only begun. That part is not among the ids.
        """
        known, unknown = self.fold(prompt.replace("\r\n", "\n"))
        last = split(known)[-1] if self.unit == "word" and known else ""
        lead = last if last == " " or self._is_begun(last) else ""
        return self.encode(known.removesuffix(lead))[0], lead, unknown

    def spell(self, piece: str) -> list[int]:
        """Return the ids of a piece of `split`, each the longest token that fits, from the left."""
        ids, start = [], 0
        while start < len(piece):
            ends = range(min(len(piece), start + self._longest), start, -1)
            end = next(end for end in ends if piece[start:end] in self.ids)
            ids.append(self.ids[piece[start:end]])
            start = end
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of `ids`."""
        return "".join(self.tokens[i] for i in ids)

    def fold(self, text: str) -> tuple[str, str]:
        """Return `text` in known characters only, and the distinct ones that were left out.

        A character that the model never saw is replaced by the first of these that it did: the
        plain form of a typographic one (`“` -> `"`), its other case, its base letter without
        accents, the plain form of that in the other case. Otherwise it is skipped.
        """
        forms = {c: self._form(c) for c in dict.fromkeys(text) if c not in self.ids}
        if not forms:
            return text, ""
        known = text.translate({ord(c): form or "" for c, form in forms.items()})
        return known, "".join(c for c, form in forms.items() if form is None)

    @cached_property
    def _longest(self) -> int:
        return min(max(self.lengths), LONGEST)

    def _is_begun(self, piece: str) -> bool:
        """Whether a piece is none of the training text, but longer tokens begin with it."""
        if not self.spelled or not piece or piece in self.spelled:
            return False
        is_whole = len(piece) > 1 and piece in self.ids
        return not is_whole and any(
            token.startswith(piece) and token != piece for token in self.tokens
        )

    def _form(self, character: str) -> str | None:
        base = "".join(
            c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c)
        )
        plain = _PLAIN.get(character, base)
        for form in (plain, character.swapcase(), plain.swapcase()):
            if form and all(c in self.ids for c in form):
                return form
        return None


def split(text: str) -> list[str]:
    """Return the pieces of `text`: words, numbers, runs of punctuation, single white space.

    Joined they are the text again. A piece carries the space before it, as those of GPT-2 do
    (Radford et al. 2019, "Language Models are Unsupervised Multitask Learners"), so that a text
    needs no tokens for its spaces. A white space is always the first character of its piece.
    """
    return _pieces().findall(text)


@cache
def _pieces() -> re.Pattern[str]:
    # `re` counts accents and the vowel signs of Indic and Thai scripts as punctuation; they and the
    # two joiners belong to the word. `_` marks emphasis in plain texts and does not. Marks beyond
    # 0xFFFF are those of hardly used scripts, and `re` is five times slower on such a class.
    marks = "".join(chr(p) for p in range(0x10000) if unicodedata.category(chr(p))[0] == "M")
    letter, mark = r"[^\W\d_]", f"[{marks}\u200c\u200d]"
    word = f"{letter}+(?:{mark}+{letter}*|['’]{letter}+)*"
    return re.compile(rf" ?(?:{word}|\d+|_+|[^\w\s]+)|\s")
