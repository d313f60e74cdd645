"""What a model of words may write next, so that all it writes are words of its training text.

A rare word is spelled by several tokens, and the network, which learned little of each, would
put together words that nobody has seen. So a token may only go on with a spelled word that the
training text has, or begin a piece of `split` where the one before is whole.

A text can be two things at once: after `king`, an apostrophe is the end of a quotation or a part of
`king's`. So there may be several words that are open.

White space is a token each. After some of it nothing is as likely as more: a text that has come to
the indents of a verse would write them to its end. So there is a longest run of it.
"""

from bisect import bisect_left
from collections.abc import Collection
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from genart_core.arts.text.vocabulary import Vocabulary, split

Part: TypeAlias = tuple[int, ...]  # the first tokens of a piece, or all of them

NOTHING, ANYTHING = 0, 1
REMEMBERED = 1 << 14
MOST_BLANKS = 8  # in a row


class Spelling:
    """The pieces of a training text, as the tokens that spell them.

    `sets` are sets of tokens `(V,)`, first no token and all tokens; more are added as they are met,
    at most about one for each kind of character.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.is_free = not vocabulary.spelled
        self.spelled = sorted(tuple(vocabulary.spell(piece)) for piece in vocabulary.spelled)
        size = len(vocabulary)
        self.begins = np.array(vocabulary.lengths) > 1  # (V,), those that begin a piece
        self.begins[[part[0] for part in self.spelled]] = True
        self.sets: list[NDArray[np.bool_]] = [np.zeros(size, np.bool_), np.ones(size, np.bool_)]
        self.first = np.array([token[0] for token in vocabulary.tokens])
        self.is_blank = [token.isspace() for token in vocabulary.tokens]
        self.letters = sorted(set(self.first.tolist()))
        self._places = {allowed.tobytes(): i for i, allowed in enumerate(self.sets)}
        self.known = lru_cache(REMEMBERED)(self._known)
        self.beginnings = lru_cache(REMEMBERED)(self._beginnings)

    def _known(self, part: Part) -> tuple[bool, frozenset[int]]:
        """Return whether a part is a whole piece, and the tokens that go on with longer ones."""
        low = bisect_left(self.spelled, part)
        high = bisect_left(self.spelled, (*part[:-1], part[-1] + 1))
        words = self.spelled[low:high]
        is_token = len(part) == 1 and self.vocabulary.lengths[part[0]] > 1
        longer = frozenset(word[len(part)] for word in words if len(word) > len(part))
        return is_token or words[:1] == [part], longer

    def _beginnings(self, end: str, may_be_blank: bool) -> int:
        """Return the place in `sets` of the tokens that begin a piece after a text's end."""
        apart = [c for c in self.letters if split(end + c)[-1] == c]
        allowed = self.begins & np.isin(self.first, apart)
        marked = allowed & ~np.array(self.is_blank)
        if not may_be_blank and marked.any():
            allowed = marked
        place = self._places.setdefault(allowed.tobytes(), len(self.sets))
        if place == len(self.sets):
            self.sets.append(allowed)
        return place


class Wording:
    """Where in its words a text is. The first `read` tokens are given, as a prompt is.

    The first token after them begins with `lead`.
    """

    def __init__(self, spelling: Spelling, read: int = 1, lead: str = "") -> None:
        self.spelling = spelling
        self._left = read
        tokens = spelling.vocabulary.tokens if lead else ()
        self._lead = [
            i for i, token in enumerate(tokens) if token.startswith(lead) and spelling.begins[i]
        ]
        self._open: list[Part] = []
        self._further: frozenset[int] = frozenset()
        self._end = "\n"
        self._blanks = 0
        self._begun = spelling.beginnings(self._end, True)

    def push(self, token: int) -> None:
        """Append the token that was read last."""
        spelling = self.spelling
        self._left -= 1
        if spelling.is_free:
            return
        found = []
        if token in self._further:
            found = [(*part, token) for part in self._open if token in spelling.known(part)[1]]
        if spelling.sets[self._begun][token]:
            found.append((token,))
        self._open = found
        text = self._end + spelling.vocabulary.tokens[token]
        # Only after a mark that could belong to a word does it matter what was before it.
        self._end = text[-1] if text[-1].isalnum() else text[-3:]
        self._blanks = self._blanks + 1 if spelling.is_blank[token] else 0
        known = [spelling.known(part) for part in found]
        # A prompt may end in no known word, which is then as it should be.
        is_whole = not known or any(is_whole for is_whole, _ in known)
        may_be_blank = self._blanks < MOST_BLANKS
        self._begun = spelling.beginnings(self._end, may_be_blank) if is_whole else NOTHING
        self._further = frozenset[int]().union(*(longer for _, longer in known))

    def choice(self) -> tuple[int, Collection[int]]:
        """Return what may come next: a place in the spelling's `sets`, and further tokens."""
        spelling = self.spelling
        if self._left == 0 and self._lead:
            return NOTHING, self._lead
        if spelling.is_free or self._left > 0:
            return ANYTHING, ()
        if self._begun == NOTHING and not self._further:
            return ANYTHING, ()
        return self._begun, self._further
