from pathlib import Path

import pytest
import torch

from genart_core.arts.text.data import Batches, read_corpus
from genart_core.arts.text.vocabulary import Vocabulary


def test_last_tenth_is_kept_for_validation(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("ab" * 500, encoding="utf-8")

    corpus = read_corpus([path])

    assert (len(corpus.train), len(corpus.validation)) == (900, 100)
    assert corpus.vocabulary.characters == ("a", "b")


def test_any_utf8_text_is_read(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    text = "𝄞 Ωmega, наука, 科学, e\u0301\n" * 20
    path.write_text(text, encoding="utf-8-sig")

    corpus = read_corpus([path])

    assert corpus.vocabulary.decode(torch.cat([corpus.train, corpus.validation]).tolist()) == text


def test_corpus_is_folded_into_the_vocabulary_of_a_model(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("A—b漢" * 100, encoding="utf-8")
    vocabulary = Vocabulary(("-", "a", "b"))

    corpus = read_corpus([path], vocabulary)

    assert vocabulary.decode(corpus.validation.tolist()) == "a--b" * 10


@pytest.mark.parametrize("data", [b"\xff\xfe\xfa" * 100, b"too short", b"nul \x00" * 100])
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes(data)

    with pytest.raises(ValueError, match=r"text"):
        read_corpus([path])


def test_each_row_of_a_batch_continues_the_batch_before() -> None:
    batches = Batches(torch.arange(1000), rows=4, chunk=10, generator=torch.Generator())
    before, targets, _ = batches.next()

    after, _, is_fresh = batches.next()

    assert torch.equal(targets[:-1], before[1:])
    assert torch.equal(after[0], targets[-1])
    assert not is_fresh


def test_an_epoch_reads_every_character_and_the_next_one_starts_elsewhere() -> None:
    batches = Batches(torch.arange(400), rows=4, chunk=10, generator=torch.Generator())

    seen = torch.cat([batches.next()[0].flatten() for _ in range(10)])
    first, _, is_fresh = batches.next()

    assert sorted(seen.tolist()) == list(range(400))
    assert is_fresh
    assert first[0, 0] != 0
