"""What a model of words may write."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genart_core.arts.text.spelling import MOST_BLANKS, Spelling, Wording
from genart_core.arts.text.vocabulary import Vocabulary, split

TEXT = (
    "the king’s men went to ‘the king’ and the kingly men. "
    "‘the men,’ said the king, ‘went to the kingdom in 12 or 120 days’\n_the_ thekingly\n"
)


def spelling_of(text: str, size: int = 60) -> Spelling:
    counts = Counter(split(text))
    frequent = Counter({piece: 3 * count for piece, count in counts.items() if count > 1})
    return Spelling(Vocabulary.of_words(text, counts | frequent, size))


def allowed(wording: Wording) -> set[str]:
    """Return the tokens that may come next."""
    place, further = wording.choice()
    tokens = wording.spelling.vocabulary.tokens
    found = np.flatnonzero(wording.spelling.sets[place]).tolist()
    return {tokens[i] for i in (*found, *further)}


def after(spelling: Spelling, text: str) -> set[str]:
    """Return the tokens that may follow on a text."""
    ids, lead, _ = spelling.vocabulary.begin(text)
    wording = Wording(spelling, len(ids), lead)
    for token in ids:
        wording.push(token)
    return allowed(wording)


def written(spelling: Spelling, choices: list[int]) -> str:
    """Return a text of one allowed token after another."""
    wording, text = Wording(spelling), []
    wording.push(spelling.vocabulary.ids["\n"])
    for choice in choices:
        found = sorted(allowed(wording))
        text.append(found[choice % len(found)])
        wording.push(spelling.vocabulary.ids[text[-1]])
    return "".join(text)


@pytest.mark.parametrize("size", [30, 36, 60])
@given(choices=st.lists(st.integers(0, 10**6), max_size=60))
@settings(max_examples=40)
def test_only_words_of_the_training_text_are_written(size: int, choices: list[int]) -> None:
    text = written(spelling_of(TEXT, size), choices)

    *pieces, last = split("\n" + text)
    known = set(split(TEXT))
    assert set(pieces) <= known
    assert any(piece.startswith(last) for piece in known)  # the length may end it


@pytest.mark.parametrize("size", [30, 36, 60])
def test_the_training_text_may_be_written(size: int) -> None:
    spelling = spelling_of(TEXT, size)
    wording, missing = Wording(spelling), []
    wording.push(spelling.vocabulary.ids["\n"])

    for token in spelling.vocabulary.encode(TEXT)[0]:
        place, further = wording.choice()
        if not spelling.sets[place][token] and token not in further:
            missing.append(spelling.vocabulary.tokens[token])
        wording.push(token)

    assert missing == []
    assert len(spelling.spelled) > 5
    assert len(spelling.sets) < 20


def test_a_word_goes_on_only_as_words_do() -> None:
    spelling = spelling_of(TEXT)

    assert {"l", "d", "’", ",", " the", "\n"} <= after(spelling, "the king")
    assert not {"s", "y", "e", "the"} & after(spelling, "the king")
    assert "s" in after(spelling, "the king’")  # the end of a quotation, or `king’s`
    assert "s" not in after(spelling, "the men’")


def test_a_text_goes_on_with_the_next_word_after_a_space() -> None:
    found = after(spelling_of(TEXT), "the king ")

    assert " the" in found
    assert all(token.startswith(" ") for token in found)


def test_a_word_that_has_only_begun_is_written_from_its_start() -> None:
    assert after(spelling_of(TEXT), "the ki") == {" king"}


def test_after_words_that_nobody_has_seen_a_new_one_begins() -> None:
    found = after(spelling_of(TEXT), "the thigh")

    assert " the" in found
    assert not {"t", "s"} & found


def test_without_words_all_may_be_written() -> None:
    spelling = Spelling(Vocabulary(("a", " ", " a"), "word"))

    assert after(spelling, "a") == {"a", " ", " a"}
    assert after(spelling, "a ") == {" a"}


def test_white_space_comes_to_an_end() -> None:
    spelling = spelling_of("so it is:\n" + (" " * 40 + "one\n" + " " * 40 + "two\n\n") * 3)
    wording = Wording(spelling)
    wording.push(spelling.vocabulary.ids["\n"])

    runs = []
    for _ in range(2 * MOST_BLANKS):
        runs.append({" ", "\n"} <= allowed(wording))
        wording.push(spelling.vocabulary.ids[" "])

    assert runs == [True] * (MOST_BLANKS - 1) + [False] * (MOST_BLANKS + 1)
    assert allowed(wording)


def test_a_text_of_white_space_alone_may_be_written() -> None:
    spelling = Spelling(Vocabulary((" ", "\n"), "word", spelled=(" ", "\n")))
    wording = Wording(spelling)

    for _ in range(3 * MOST_BLANKS):
        wording.push(spelling.vocabulary.ids["\n"])

    assert allowed(wording) == {" ", "\n"}
