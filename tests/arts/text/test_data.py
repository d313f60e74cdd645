import hashlib
import os
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from genart_core.arts.text.data import MAX_VALIDATION, Batches, Corpus, read_corpus
from genart_core.arts.text.tokens import Source, Survey, find_vocabulary, pruned, reflowed
from genart_core.arts.text.vocabulary import Unit, Vocabulary, split

PIECES = [
    "a",
    "the",
    " the",
    "  ",
    " ",
    "\n",
    "\r\n",
    "\r",
    "\n\n",
    "-",
    "’s",
    "é",
    "漢字",
    "𝄞",
    "\t",
]


def written(folder: Path, *texts: str, encoding: str = "utf-8") -> list[Path]:
    paths = [folder / f"{i}.txt" for i in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text.encode(encoding))
    return paths


def decoded(corpus: Corpus) -> str:
    return corpus.vocabulary.decode([*corpus.train.tolist(), *corpus.validation.tolist()])


def test_last_tenth_is_kept_for_validation(tmp_path: Path) -> None:
    corpus = read_corpus(written(tmp_path, "ab" * 500), tmp_path)

    assert (len(corpus.train), len(corpus.validation)) == (900, 100)
    assert corpus.vocabulary.tokens == ("a", "b")
    assert corpus.train.dtype == np.uint8


def test_only_the_beginning_of_a_long_last_tenth_is_measured(tmp_path: Path) -> None:
    length = 10 * MAX_VALIDATION + 2000

    corpus = read_corpus(written(tmp_path, "a b\n" * (length // 4)), tmp_path)

    assert len(corpus.train) == length - length // 10
    assert len(corpus.validation) == corpus.validation_characters == MAX_VALIDATION
    assert corpus.characters == length


@pytest.mark.parametrize("unit", ["character", "word"])
def test_any_utf8_text_is_read(tmp_path: Path, unit: Unit) -> None:
    text = "𝄞 Ωmega, наука, 科学, e\u0301\n" * 60

    corpus = read_corpus(written(tmp_path, text, encoding="utf-8-sig"), tmp_path, unit=unit)

    assert decoded(corpus) == text
    assert corpus.characters == len(text)
    assert corpus.validation_characters == len(corpus.vocabulary.decode(corpus.validation.tolist()))
    assert corpus.sha256 == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("unit", ["character", "word"])
@given(texts=st.lists(st.lists(st.sampled_from(PIECES)), min_size=1, max_size=3), data=st.data())
def test_blocks_of_any_size_give_what_the_whole_text_gives(
    tmp_path_factory: pytest.TempPathFactory,
    unit: Unit,
    texts: list[list[str]],
    data: st.DataObject,
) -> None:
    folder = tmp_path_factory.mktemp("blocks")
    filled = ["".join(text) + " the a-\nthe" * 55 for text in texts]
    paths = written(folder, *filled, encoding=data.draw(st.sampled_from(["utf-8", "utf-8-sig"])))
    reflow, block = data.draw(st.booleans()), data.draw(st.integers(1, 40))
    whole = "\n\n".join(path.read_text(encoding="utf-8-sig") for path in paths)
    whole = reflowed(whole) if reflow else whole

    corpus = read_corpus(paths, folder, unit=unit, size=30, reflow=reflow, block=block)

    ids = np.concatenate([corpus.train, corpus.validation])
    assert ids.tolist() == corpus.vocabulary.encode(whole)[0]
    assert corpus.sha256 == hashlib.sha256(whole.encode()).hexdigest()
    assert (
        corpus.vocabulary
        == read_corpus(paths, folder, unit=unit, size=30, reflow=reflow).vocabulary
    )
    assert len(corpus.validation) == len(ids) // 10


def test_a_text_without_any_space_is_read_in_blocks_too(tmp_path: Path) -> None:
    text = "字" * 1_200_000 + "漢\n" * 100

    corpus = read_corpus(written(tmp_path, text), tmp_path, unit="word", reflow=False)

    assert decoded(corpus) == text


def test_words_are_counted_in_the_part_that_is_trained_on(tmp_path: Path) -> None:
    text = "one two " * 300 + "three four " * 20

    corpus = read_corpus(written(tmp_path, text), tmp_path, unit="word")

    assert {" one", " two"} < set(corpus.vocabulary.tokens)
    assert not {" three", " four"} & set(corpus.vocabulary.tokens)
    assert set("threefour") < set(corpus.vocabulary.tokens)


def test_spelled_words_are_those_of_the_part_that_is_trained_on(tmp_path: Path) -> None:
    text = "one two " * 300 + "four and five " + "one two " * 40 + "three"

    corpus = read_corpus(written(tmp_path, text), tmp_path, unit="word", size=256)
    again = read_corpus(
        written(tmp_path, "one six two " * 80), tmp_path, vocabulary=corpus.vocabulary
    )

    assert {" four", " and", " five"} <= set(corpus.vocabulary.spelled)
    assert "three" not in "".join(corpus.vocabulary.spelled)
    assert again.vocabulary.tokens == corpus.vocabulary.tokens


def test_a_large_alphabet_leaves_half_of_the_tokens_to_words(tmp_path: Path) -> None:
    rare = "".join(map(chr, range(0x4E00, 0x4E80)))
    source = Source(tuple(written(tmp_path, "the " * 99 + rare + " the" * 99)))

    vocabulary = find_vocabulary(source, Survey.of(source), "word", 20, 10_000)

    assert vocabulary.tokens == (*" eht", *rare[:6], " the")


def test_the_rarest_words_are_forgotten_first() -> None:
    counts = pruned(Counter(split(" a b a b c")), 2)

    assert counts == {" a": 2, " b": 2}


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        ("It was a dark  \nand stormy night.", "It was a dark and stormy night."),
        ("one\n\n\n \ntwo\nthree\n", "one\n\ntwo three\n"),
        ("a coffer-\ndam—\nand - \nno", "a coffer-dam—and - no"),
        ("He sang:\n  La\n  la\nand slept.  Then", "He sang:\nLa\nla and slept. Then"),
        (
            "\n\n    How doth\n\t  the little\n\n  Crocodile\n",
            "\n\nHow doth\nthe little\n\nCrocodile\n",
        ),
    ],
)
def test_lines_of_a_paragraph_are_joined(lines: str, text: str) -> None:
    assert reflowed(lines) == text


def test_corpus_is_folded_into_the_vocabulary_of_a_model(tmp_path: Path) -> None:
    vocabulary = Vocabulary(("-", "a", "b"))

    corpus = read_corpus(written(tmp_path, "A—b漢" * 100), tmp_path, vocabulary=vocabulary)

    assert vocabulary.decode(corpus.validation.tolist()) == "a--b" * 10
    assert corpus.characters == 400


@pytest.mark.parametrize("data", [b"\xff\xfe\xfa" * 100, b"too short", b"", b"nul \x00" * 100])
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(data)

    with pytest.raises(ValueError, match=r"text"):
        read_corpus([path], tmp_path)


@given(st.integers(0, 300), st.integers(1, 50), st.booleans())
def test_the_place_of_what_is_no_text_is_told(
    tmp_path_factory: pytest.TempPathFactory, length: int, block: int, is_marked: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "broken.txt"
    before = b"\xef\xbb\xbf" * is_marked + "é\r\n ".encode() * length
    path.write_bytes(before + b"\xe9 " + b"after")

    with pytest.raises(ValueError, match=rf"broken.txt is not UTF-8 text.* at byte {len(before)};"):
        read_corpus([path], path.parent, block=block)


def test_a_file_that_can_be_read_only_once_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(ValueError, match=r"pipe is no regular file"):
        read_corpus([tmp_path / "pipe"], tmp_path)


def test_nothing_is_left_in_the_folder(tmp_path: Path) -> None:
    corpus = read_corpus(written(tmp_path, "ab" * 500), tmp_path / "new" / "folder")

    assert list((tmp_path / "new" / "folder").iterdir()) == []
    assert corpus.train.sum() == 450


def test_each_row_of_a_batch_continues_the_batch_before() -> None:
    batches = Batches(np.arange(1000), rows=4, chunk=10, generator=torch.Generator())
    before, targets, _ = batches.next()

    after, _, is_fresh = batches.next()

    assert torch.equal(targets[:-1], before[1:])
    assert torch.equal(after[0], targets[-1])
    assert not is_fresh


def test_an_epoch_reads_every_token_and_the_next_one_starts_elsewhere() -> None:
    ids = np.arange(400, dtype=np.uint16)
    batches = Batches(ids, rows=4, chunk=10, generator=torch.Generator())

    seen = torch.cat([batches.next()[0].flatten() for _ in range(10)])
    first, _, is_fresh = batches.next()

    assert sorted(seen.tolist()) == list(range(400))
    assert is_fresh
    assert first[0, 0] != 0


@given(st.integers(2, 300), st.integers(1, 40), st.integers(1, 400))
def test_rows_are_windows_of_the_text_as_a_ring(length: int, rows: int, chunk: int) -> None:
    batches = Batches(np.arange(length, dtype=np.uint16), rows, chunk, torch.Generator())

    for _ in range(5):
        inputs, targets, _ = batches.next()
        window = [*inputs, targets[-1]]

        assert torch.equal(inputs[1:], targets[:-1])
        assert all(torch.equal((a + 1) % length, b) for a, b in pairwise(window))
