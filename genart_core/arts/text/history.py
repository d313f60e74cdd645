"""What a text has had so far, as far as it bears on what comes next: its repeats and its end."""

from collections import defaultdict, deque
from collections.abc import Sequence

from genart_core.arts.text.vocabulary import Unit

# How many tokens in a row make a repeat. Single characters repeat all the time.
REPEAT_ORDER: dict[Unit, int] = {"character": 6, "word": 3}


class Repeats:
    """Which tokens would repeat a run of `order` tokens that the text, prompt included, has had."""

    def __init__(self, order: int) -> None:
        self._recent: deque[int] = deque(maxlen=order - 1)
        self._followers: defaultdict[tuple[int, ...], set[int]] = defaultdict(set)

    def push(self, token: int) -> None:
        """Append the token that was read last."""
        if len(self._recent) == self._recent.maxlen:
            self._followers[tuple(self._recent)].add(token)
        self._recent.append(token)

    def followers(self) -> list[int]:
        """Return the tokens that have followed on what the text now ends with."""
        return sorted(self._followers.get(tuple(self._recent), ()))


class Ending:
    """Ends a text before the first stop string in it, which may come in pieces."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = tuple(stops)
        self._held = ""
        self.is_reached = False

    def accept(self, piece: str) -> str:
        """Return what is certain to be part of the text now that `piece` was written.

        What might be the beginning of a stop string is held back.
        """
        self._held += piece
        places = [self._held.find(stop) for stop in self._stops]
        found = min((place for place in places if place >= 0), default=-1)
        if found >= 0:
            self.is_reached = True
            certain, self._held = self._held[:found], ""
            return certain
        kept = len(self._held) - self._overlap()
        certain, self._held = self._held[:kept], self._held[kept:]
        return certain

    def rest(self) -> str:
        """Return what was held back, once nothing more is written."""
        held, self._held = self._held, ""
        return held

    def _overlap(self) -> int:
        """Return the length of the longest end of what is held that begins a stop string."""
        longest = max((len(stop) - 1 for stop in self._stops), default=0)
        for size in range(min(longest, len(self._held)), 0, -1):
            if any(stop.startswith(self._held[-size:]) for stop in self._stops):
                return size
        return 0
