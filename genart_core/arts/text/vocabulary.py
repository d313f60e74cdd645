"""The characters that a text model knows, and how any text is read through them."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

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
    """Distinct characters in a fixed order; a character's id is its place."""

    characters: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "Vocabulary":
        """Return the vocabulary of all characters in `text`, by code point."""
        return cls(tuple(sorted(set(text))))

    def __len__(self) -> int:
        return len(self.characters)

    @cached_property
    def ids(self) -> dict[str, int]:
        """Return the id of each character."""
        return {character: i for i, character in enumerate(self.characters)}

    @property
    def start(self) -> int:
        """Return the id that a text without a prompt is begun from: the end of another line."""
        return self.ids.get("\n", 0)

    def encode(self, text: str) -> tuple[list[int], str]:
        """Return the ids of `text`, and the distinct characters that had to be left out.

        A character that the model never saw is replaced by the first of these that it did: the
        plain form of a typographic one (`“` -> `"`), its other case, its base letter without
        accents, the plain form of that in the other case. Otherwise it is skipped.
        """
        ids: list[int] = []
        unknown: dict[str, None] = {}
        for character in text.replace("\r\n", "\n"):
            found = self._fold(character)
            if found is None:
                unknown[character] = None
            else:
                ids.extend(found)
        return ids, "".join(unknown)

    def decode(self, ids: Sequence[int]) -> str:
        """Return the text of `ids`."""
        return "".join(self.characters[i] for i in ids)

    def _fold(self, character: str) -> list[int] | None:
        if character in self.ids:
            return [self.ids[character]]
        base = "".join(
            c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c)
        )
        plain = _PLAIN.get(character, base)
        for form in (plain, character.swapcase(), plain.swapcase()):
            if form and all(c in self.ids for c in form):
                return [self.ids[c] for c in form]
        return None
