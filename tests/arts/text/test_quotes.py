import hashlib
import tracemalloc
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from genart_core.arts.text import quotes
from genart_core.arts.text.quotes import CHARACTERS, WORDS, QuoteIndex

NEVER_SEEN = 100  # a token of no training text here


def random_ids(seed: int, size: int, distinct: int = 60) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, distinct, size)


def chains(index: QuoteIndex, ids: Sequence[int]) -> list[tuple[int, int]]:
    """What `QuoteIndex` promises, in plain Python; asks it for one n-gram at a time."""
    single = QuoteIndex(index.bits, index.order, index.order, index.hashes, index.covered)
    last = len(ids) - index.order
    is_found = [bool(single.mask(ids[i : i + index.order]).all()) for i in range(last + 1)]
    found: list[tuple[int, int]] = []
    start = 0
    for i, hit in enumerate([*is_found, False]):
        if not hit:
            if i - 1 + index.order - start >= index.run and i > start:
                found.append((start, i - 1 + index.order))
            start = i + 1
    return found


@st.composite
def corpora(draw: st.DrawFn) -> tuple[list[int], int, int]:
    order = draw(st.integers(1, 6))
    run = order + draw(st.integers(0, 6))
    token = st.sampled_from([0, 1, 2, 255, 2**31, 2**32 - 1])
    return draw(st.lists(token, min_size=run, max_size=80)), order, run


@given(corpora(), st.data())
def test_whatever_the_corpus_has_is_found(
    corpus: tuple[list[int], int, int], data: st.DataObject
) -> None:
    ids, order, run = corpus
    index = QuoteIndex.build(np.array(ids), order=order, run=run)
    start = data.draw(st.integers(0, len(ids) - run))
    end = data.draw(st.integers(start + run, len(ids)))
    before = data.draw(st.lists(st.just(NEVER_SEEN), max_size=10))
    after = data.draw(st.lists(st.just(NEVER_SEEN), max_size=10))

    text = before + ids[start:end] + after

    assert index.covered == len(ids)
    assert index.mask(ids[start:end]).all()
    assert index.mask(text)[len(before) : len(before) + end - start].all()
    assert index.longest(text) >= end - start


@given(corpora(), st.lists(st.sampled_from([0, 1, 2, 3, 255, NEVER_SEEN]), max_size=60))
def test_quotes_are_the_long_chains_of_ngrams_in_the_index(
    corpus: tuple[list[int], int, int], text: list[int]
) -> None:
    ids, order, run = corpus
    index = QuoteIndex.build(np.array(ids), order=order, run=run)
    expected = chains(index, text)

    mask = index.mask(text)

    assert mask.dtype == np.bool_
    assert np.flatnonzero(mask).tolist() == sorted({i for s, e in expected for i in range(s, e)})
    assert index.longest(text) == max((end - start for start, end in expected), default=0)


@pytest.mark.parametrize("unit", [CHARACTERS, WORDS])
def test_random_text_has_hardly_any_quotes(unit: quotes.Unit) -> None:
    index = QuoteIndex.build(random_ids(1, 200_000, 5000), **unit)

    mask = index.mask(random_ids(2, 200_000, 5000))

    # Words: 8 tokens at 6e-6 of the places, and a few more where chance hits go on.
    assert mask.mean() < (2e-4 if unit is WORDS else 1e-9)


def test_a_quote_in_random_text_is_masked_and_hardly_more() -> None:
    corpus = random_ids(3, 100_000)
    index = QuoteIndex.build(corpus)
    random = np.random.default_rng(4)
    beyond = 0
    for i in range(300):
        size = int(random.integers(32, 200))
        at = int(random.integers(0, len(corpus) - size))
        text = random_ids(100 + i, 400)
        text[150 : 150 + size] = corpus[at : at + size]

        mask = index.mask(text)

        assert mask[150 : 150 + size].all()
        # Never as far as an n-gram: that takes 16 wrong answers in a row.
        assert not mask[: 150 - 16].any()
        assert not mask[150 + size + 16 :].any()
        assert size <= index.longest(text) == mask.sum()
        beyond += int(mask.sum()) - size
    # At either end 1 / 20 wrong answers and 1 / 60 same tokens: 0.07 tokens.
    assert beyond / 300 < 0.25


def test_a_stretch_shorter_than_run_is_no_quote() -> None:
    corpus = random_ids(5, 10_000)
    index = QuoteIndex.build(corpus)
    fenced = [NEVER_SEEN, *corpus[500:531].tolist(), NEVER_SEEN]

    assert not index.mask(fenced).any()
    assert index.longest(fenced) == 0
    assert index.longest([NEVER_SEEN, *corpus[500:532].tolist(), NEVER_SEEN]) == 32


@pytest.mark.parametrize("size", [0, 1, 15, 16, 31])
def test_short_texts_quote_nothing_and_are_not_quoted(size: int) -> None:
    corpus = random_ids(6, 1000)
    short = corpus[:size]

    assert QuoteIndex.build(corpus).mask(short).tolist() == [False] * size
    assert QuoteIndex.build(corpus).longest(short.tolist()) == 0
    assert QuoteIndex.build(short).covered == size
    assert len(QuoteIndex.build(short).bits) == 64
    assert not QuoteIndex.build(short).mask(corpus).any()


@pytest.mark.parametrize("block", [1, 7, 100, 984, 985, 986, 5000])
def test_blocks_do_not_show(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = random_ids(7, 1000)  # 985 n-grams
    text = np.concatenate([random_ids(8, 300), corpus[200:600], random_ids(9, 300)])
    whole = QuoteIndex.build(corpus)
    mask = whole.mask(text)

    monkeypatch.setattr(quotes, "BLOCK", block)

    assert np.array_equal(QuoteIndex.build(corpus).bits, whole.bits)
    assert np.array_equal(whole.mask(text), mask)
    assert whole.mask(corpus).all()


def test_a_mapped_file_is_read_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = random_ids(10, 400_000).astype("<u4")
    corpus.tofile(tmp_path / "ids.u32")
    mapped = np.memmap(tmp_path / "ids.u32", dtype="<u4", mode="r")
    whole = QuoteIndex.build(corpus)
    monkeypatch.setattr(quotes, "BLOCK", 4096)

    tracemalloc.start()
    try:
        index = QuoteIndex.build(mapped)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert np.array_equal(index.bits, whole.bits)
    assert peak < index.bits.nbytes + 1_000_000  # the ids are 1.6 MB, their hashes 3.2 MB
    assert index.longest(mapped[1000:3000]) == 2000


@pytest.mark.parametrize("dtype", ["u1", "<i2", ">i2", "<u4", ">u4", "<i8", ">u8"])
def test_the_type_of_the_ids_does_not_matter(dtype: str) -> None:
    corpus = random_ids(11, 2000)
    index = QuoteIndex.build(corpus)

    assert np.array_equal(QuoteIndex.build(corpus.astype(dtype)).bits, index.bits)
    assert index.mask(corpus.astype(dtype)).all()


@pytest.mark.parametrize("max_bytes", [64, 100, 1000, 7799, 7800])
def test_what_does_not_fit_is_left_out_and_told(max_bytes: int) -> None:
    corpus = random_ids(12, 10_015)  # 10,000 n-grams, 7800 bytes

    index = QuoteIndex.build(corpus, max_bytes=max_bytes)

    assert max_bytes - 1 <= len(index.bits) <= max_bytes
    assert index.covered == max_bytes * 50 // 39 + 15
    assert index.mask(corpus[: index.covered]).all()
    assert not index.mask(corpus[index.covered + 16 :]).any()


def test_memory_without_end_covers_everything() -> None:
    index = QuoteIndex.build(random_ids(13, 10_015), max_bytes=1 << 60)

    assert index.covered == 10_015
    assert len(index.bits) == 7800


def test_one_token_in_twenty_is_wrongly_known() -> None:
    index = QuoteIndex.build(np.arange(200_000), order=1, run=1)

    share = index.mask(np.arange(200_000, 600_000)).mean()

    assert 0.03 < share < 0.08  # 5 % of the design
    assert index.mask(np.arange(200_000)).all()


def test_one_ngram_in_twenty_is_wrongly_known() -> None:
    corpus = random_ids(14, 50_000)
    built = QuoteIndex.build(corpus)
    single = QuoteIndex(built.bits, 16, 16, built.hashes, built.covered)
    fresh = random_ids(15, 16 * 4000).reshape(-1, 16)

    share = np.mean([single.mask(ngram).all() for ngram in fresh])

    assert 0.03 < share < 0.08


def test_similar_ngrams_are_told_apart() -> None:
    corpus = np.tile(np.arange(8), 100)
    index = QuoteIndex.build(corpus, order=8, run=8)  # 8 n-grams in 5000 bits: hardly any error
    swapped = [[*range(i), i + 1, i, *range(i + 2, 8)] for i in range(7)]
    shifted = [[j + i for j in range(8)] for i in range(1, 20)]

    assert [index.longest(ids) for ids in (*swapped, *shifted)] == [0] * 26


def test_an_index_is_its_five_fields() -> None:
    corpus = random_ids(16, 5000)
    text = np.concatenate([random_ids(17, 100), corpus[70:170], random_ids(18, 100)])
    index = QuoteIndex.build(corpus, order=5, run=8)
    fields: dict[str, Any] = asdict(index)
    stored = np.frombuffer(fields.pop("bits").tobytes(), dtype=np.uint8)  # cannot be written to

    again = QuoteIndex(stored, **fields)

    assert fields == {"order": 5, "run": 8, "hashes": 4, "covered": 5000}
    assert np.array_equal(again.mask(text), index.mask(text))
    assert again.longest(text) == index.longest(text) >= 100


def test_stored_indexes_stay_readable() -> None:
    corpus = np.arange(3000, dtype=np.uint64) ** 3 % (2**32 - 5)

    index = QuoteIndex.build(corpus)

    expected = "72eab5726b08384f17ba5ef68ad088e6e11f8599b592fbe6ecc8416b51e3305c"
    assert (len(index.bits), hashlib.sha256(index.bits.tobytes()).hexdigest()) == (2329, expected)


def test_a_bit_of_a_stored_index_by_hand() -> None:
    bits = QuoteIndex.build(np.array([7, 9]), order=2, run=2).bits
    mask = 2**64 - 1

    def mixed(x: int) -> int:
        x = (x + 0x9E3779B97F4A7C15) & mask
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & mask
        x = (x ^ x >> 27) * 0x94D049BB133111EB & mask
        return x ^ x >> 31

    hashed = mixed((7 * 0xD1342543DE82EF95 + 9) & mask)
    places = {((hashed + i * (mixed(hashed) | 1)) & mask) % 512 for i in range(4)}

    assert {p for p in range(512) if bits[p // 8] >> (p % 8) & 1} == places
    assert mixed(0) == 0xE220A8397B1DCDAF  # SplitMix64's first output for the seed 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bits", np.zeros(0, dtype=np.uint8)),
        ("bits", np.zeros(64, dtype=np.int8)),
        ("bits", np.zeros((8, 8), dtype=np.uint8)),
        ("order", 0),
        ("run", 15),
        ("hashes", 0),
        ("hashes", 10**9),
        ("covered", -1),
    ],
)
def test_nonsense_is_refused(name: str, value: Any) -> None:
    fields: dict[str, Any] = asdict(QuoteIndex.build(random_ids(19, 100)))

    with pytest.raises(ValueError, match=name):
        QuoteIndex(**{**fields, name: value})


@pytest.mark.parametrize("options", [{"order": 0}, {"order": -5}, {"run": 15}, {"max_bytes": 63}])
def test_an_index_of_nonsense_is_not_built(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(options))):
        QuoteIndex.build(random_ids(20, 100), **options)


@pytest.mark.parametrize("ids", [np.zeros(40), np.zeros((40, 40), dtype=np.int64)])
def test_only_a_row_of_integers_is_a_text(ids: NDArray[Any]) -> None:
    index = QuoteIndex.build(random_ids(21, 100))

    with pytest.raises(ValueError, match="integers"):
        QuoteIndex.build(ids)
    with pytest.raises(ValueError, match="integers"):
        index.mask(ids)
    with pytest.raises(ValueError, match="integers"):
        index.longest(ids)
