"""Which parts of a text are quoted from the training text, told from a compact index of it.

1. Bloom, Space/time trade-offs in hash coding with allowable errors, CACM 13(7), 1970.
2. Kirsch & Mitzenmacher, Less hashing, same performance, ESA 2006: all hashes of an n-gram are sums
   of two.
3. Karp & Rabin, Efficient randomized pattern-matching algorithms, 1987: an n-gram as a polynomial.
4. Steele, Lea & Flood, Fast splittable pseudorandom number generators, OOPSLA 2014: the mixer.

The index may say yes to an n-gram that it never saw (5 %), never no to one that it did. A quote
needs `run - order + 1` such answers in a row, so what is wrong with one of them hardly matters: by
chance alone they come together once in 1e22 places for `CHARACTERS`, in 160,000 for `WORDS`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypedDict

import numpy as np
from numpy.typing import NDArray

Ids: TypeAlias = NDArray[np.integer] | Sequence[int]


class Unit(TypedDict):
    """What `QuoteIndex.build` is to look for, in tokens."""

    order: int
    run: int


CHARACTERS: Unit = {"order": 16, "run": 32}
WORDS: Unit = {"order": 5, "run": 8}

# 4 hashes and 6.24 bits, 39 / 50 bytes, per n-gram: (1 - exp(-4 / 6.24)) ** 4 = 5 % wrong answers.
HASHES = 4
MAX_HASHES = 64  # more only keep a query busy: they come from a damaged file
BYTES = (39, 50)
MIN_BYTES = 64
BLOCK = 1 << 18  # n-grams hashed at once: 2 MiB per temporary, so that they stay in the cache

# What follows decides which bits are set: with other numbers, stored indexes say nothing.
_BASE = np.uint64(0xD1342543DE82EF95)  # Steele & Vigna, arXiv:2001.05304: small ids don't cancel
_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIXER = (
    (np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)),
    (np.uint64(27), np.uint64(0x94D049BB133111EB)),
)


@dataclass(frozen=True, eq=False)  # arrays have no == that is a bool
class QuoteIndex:
    """The n-grams of a training text as a Bloom filter; its five fields are all there is to store.

    Bit p is `bits[p // 8] >> (p % 8) & 1` on every machine. With h the hash of an n-gram and m the
    number of bits, its places are h, h + s, h + 2 s, ... (mod 2**64) mod m; see `_places`.

    Raises:
        ValueError: if the fields cannot be those of an index.
    """

    bits: NDArray[np.uint8]  # (bytes,)
    order: int  # tokens per n-gram
    run: int  # the shortest stretch that counts as a quote, in tokens
    hashes: int  # bits looked at per n-gram
    covered: int  # how many tokens of the training text are indexed, from its beginning

    def __post_init__(self) -> None:
        if self.bits.dtype != np.uint8 or self.bits.ndim != 1 or not self.bits.size:
            raise ValueError(f"bits are {self.bits.dtype} {self.bits.shape}; uint8 (n,) is needed")
        if not 1 <= self.order <= self.run:
            raise ValueError(f"order is {self.order}, run {self.run}; 1 <= order <= run is needed")
        if not 1 <= self.hashes <= MAX_HASHES:
            raise ValueError(f"hashes is {self.hashes}; 1 to {MAX_HASHES} are possible")
        if self.covered < 0:
            raise ValueError(f"covered is {self.covered}; it cannot be negative")

    @classmethod
    def build(
        cls,
        ids: NDArray[np.integer],
        *,
        order: int = CHARACTERS["order"],
        run: int = CHARACTERS["run"],
        max_bytes: int = 8 << 20,
    ) -> "QuoteIndex":
        """Index a training text `(n,)`, which may be a memory map larger than the memory.

        Takes 0.78 bytes per token; of a text that would need more than `max_bytes` only the
        beginning that fits is indexed, see `covered`.

        Raises:
            ValueError: if `ids` is not `(n,)` of integers, `order` not in 1 .. `run` or `max_bytes`
                less than 64.
        """
        if max_bytes < MIN_BYTES:
            raise ValueError(f"max_bytes is {max_bytes}; at least {MIN_BYTES} are needed")
        tokens = _checked(ids)
        part, whole = BYTES
        ngrams = min(max(0, len(tokens) - order + 1), max_bytes * whole // part)
        size = max(MIN_BYTES, -(-ngrams * part // whole))
        covered = min(len(tokens), ngrams + order - 1)
        index = cls(np.zeros(size, dtype=np.uint8), order, run, HASHES, covered)
        for hashed in _blocks(tokens[:covered], order):
            for byte, bit in index._places(hashed):
                np.bitwise_or.at(index.bits, byte, bit)
        return index

    def mask(self, ids: Ids) -> NDArray[np.bool_]:
        """Return which tokens of `ids` `(n,)` lie in a quote.

        A quote is a stretch of `run` tokens or more whose every n-gram is in the index. Whatever
        stands as it is in the covered training text is found. What is found may be stitched
        together from several places of it, each overlapping the next by `order - 1` tokens. And
        with a chance of 5 % at either end it goes a token too far: one in ten of the stretches
        that are a token too short is called a quote.

        Raises:
            ValueError: if `ids` is not `(n,)` of integers.
        """
        starts, ends = self._quotes(ids)
        edges = np.zeros(len(ids) + 1, dtype=np.int64)
        edges[starts] += 1
        edges[ends] -= 1  # quotes may overlap, but no two start or end together
        inside: NDArray[np.bool_] = np.cumsum(edges[:-1]) > 0
        return inside

    def longest(self, ids: Ids) -> int:
        """Return how many tokens of `ids` `(n,)` the longest quote has; 0 if there is none.

        As in `mask`, a quote may be stitched: the text may have no single passage that long.

        Raises:
            ValueError: if `ids` is not `(n,)` of integers.
        """
        starts, ends = self._quotes(ids)
        return int(np.max(ends - starts, initial=0))

    def _quotes(self, ids: Ids) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return where the quotes start and where they have ended, as places in `ids`."""
        found = [self._contains(hashed) for hashed in _blocks(_checked(ids), self.order)]
        none = np.zeros(1, dtype=np.bool_)
        is_found = np.concatenate([none, *found, none])
        changes = np.flatnonzero(is_found[1:] != is_found[:-1])
        starts, ends = changes[::2], changes[1::2] + self.order - 1
        is_long = ends - starts >= self.run
        return starts[is_long], ends[is_long]

    def _contains(self, hashed: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Return which n-grams of the hashes `(n,)` are in the index."""
        is_found = np.ones(len(hashed), dtype=np.bool_)
        for byte, bit in self._places(hashed):
            is_found &= (self.bits[byte] & bit) != 0
        return is_found

    def _places(
        self, hashed: NDArray[np.uint64]
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.uint8]]]:
        """Yield, once per hash function, the byte `(n,)` and the bit in it `(n,)` to look at."""
        size = np.uint64(8 * self.bits.size)
        step = _mixed(hashed) | np.uint64(1)
        for _ in range(self.hashes):
            place = hashed % size
            byte = (place >> np.uint64(3)).astype(np.intp)
            yield byte, np.uint8(1) << (place & np.uint64(7)).astype(np.uint8)
            hashed = hashed + step


def _checked(ids: Ids) -> NDArray[np.integer]:
    """Return `ids` as an array, which is a view if it was one."""
    array = np.asarray(ids)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise ValueError(f"ids are {array.dtype} {array.shape}; integers (n,) are needed")
    return array


def _blocks(ids: NDArray[np.integer], order: int) -> Iterator[NDArray[np.uint64]]:
    """Yield the hashes of all n-grams of `ids` `(n,)`, n - order + 1 in all, block by block."""
    for start in range(0, len(ids) - order + 1, BLOCK):
        tokens = ids[start : start + BLOCK + order - 1].astype(np.uint64)
        count = len(tokens) - order + 1
        hashed = np.zeros(count, dtype=np.uint64)
        for i in range(order):  # Horner's rule, mod 2**64
            hashed *= _BASE
            hashed += tokens[i : i + count]
        yield _mixed(hashed)


def _mixed(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the SplitMix64 output for the states `x`; distinct ones stay distinct."""
    x = x + _GAMMA
    for shift, factor in _MIXER:
        x ^= x >> shift
        x *= factor
    return x ^ (x >> np.uint64(31))
