"""The tokens that a text model knows, characters or words, and how any text is read in them."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Literal, TypeAlias

Unit: TypeAlias = Literal["character", "word"]

# A word that is seen less often is spelled: a model learns nothing of a token from one occurrence.
MIN_COUNT = 3

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

    With the unit `word` they are the pieces of `split`, and all characters that the other pieces
    are spelled by.
    """

    tokens: tuple[str, ...]
    unit: Unit = "character"

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
        return cls((*alphabet, *pieces[: max(0, size - len(alphabet))]), "word")

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

    @property
    def start(self) -> int:
        """Return the id that a text without a prompt is begun from: the end of another line."""
        return self.ids.get("\n", 0)

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
                ids.extend(self.ids[character] for character in piece)
            else:
                ids.append(token)
        return ids, unknown

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
