from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genart_core.arts.text.vocabulary import MIN_COUNT, Vocabulary, split

PLAIN = Vocabulary.of("abcdefghijklmnopqrstuvwxyz \n\"'-.")
SEEN = "the cat’s hat, the dog's 12 hats -- 12 e\u0301te\u0301s.\n\n_the_ cat\t"
WORDS = Vocabulary.of_words(SEEN, Counter(split(SEEN * 3)), 60)
VOCABULARIES = [PLAIN, WORDS]


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
@given(data=st.data())
def test_known_text_comes_back_as_it_was(vocabulary: Vocabulary, data: st.DataObject) -> None:
    text = "".join(data.draw(st.lists(st.sampled_from(vocabulary.tokens))))

    ids, unknown = vocabulary.encode(text)

    assert vocabulary.decode(ids) == text
    assert unknown == ""


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
@given(text=st.text())
def test_any_text_is_encoded_with_ids_in_range(vocabulary: Vocabulary, text: str) -> None:
    ids, unknown = vocabulary.encode(text)

    assert all(0 <= i < len(vocabulary) for i in ids)
    assert not set(unknown) & set(vocabulary.tokens)
    assert sum(vocabulary.lengths[i] for i in ids) == len(vocabulary.decode(ids))


def test_unseen_characters_are_folded_to_seen_ones() -> None:
    ids, unknown = PLAIN.encode("“Été—Straße…”")

    assert PLAIN.decode(ids) == '"ete--strae..."'
    assert unknown == "ß"


def test_words_are_found_after_folding() -> None:
    ids, unknown = WORDS.encode("the CAT`s hat 漢")

    assert [WORDS.tokens[i] for i in ids] == ["the", " cat", "'", "s", " hat", " "]
    assert unknown == "漢"


def test_unknown_characters_are_told_once_each_in_order() -> None:
    assert PLAIN.encode("a漢b字漢")[1] == "漢字"


def test_windows_line_ends_are_one_character() -> None:
    assert PLAIN.decode(PLAIN.encode("a\r\nb\rc")[0]) == "a\nb\nc"


@given(st.text() | st.text(alphabet=SEEN))
def test_pieces_are_the_text_and_white_space_only_begins_them(text: str) -> None:
    pieces = split(text)

    assert "".join(pieces) == text
    assert not any(c.isspace() for piece in pieces for c in piece[1:])


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("I don't, o’clock 'tis", ["I", " don't", ",", " o’clock", " '", "tis"]),
        ("he said,--“No!”", ["he", " said", ",--“", "No", "!”"]),
        ("in 1851\n\n  a3b", ["in", " 1851", "\n", "\n", " ", " a", "3", "b"]),
        ("an _old_ ship's crew's", ["an", " _", "old", "_", " ship's", " crew's"]),
        ("e\u0301te\u0301 हिन्दी ไม่ 漢字。", ["e\u0301te\u0301", " हिन्दी", " ไม่", " 漢字", "。"]),
    ],
)
def test_pieces_are_words_with_their_space(text: str, pieces: list[str]) -> None:
    assert split(text) == pieces


def test_what_is_no_token_is_spelled_by_the_longest() -> None:
    vocabulary = Vocabulary.of_words("aeht n", {" hen": 5, "the": 4, " an": 2}, 8)

    ids, _ = vocabulary.encode("the hen an thean")

    spelled = [" ", "a", "n", " ", "the", "a", "n"]
    assert [vocabulary.tokens[i] for i in ids] == ["the", " hen", *spelled]
    assert vocabulary.spelled == (" an",)


def test_words_of_a_script_without_spaces_are_not_told() -> None:
    counts = Counter(split("天地玄黃。宇宙洪荒。日月盈昃。辰宿列張。寒來暑往。秋收冬藏。"))

    assert Vocabulary.of_words("".join(counts), counts, 40).spelled == ()


def test_a_last_space_and_a_word_begun_are_left_to_the_text() -> None:
    def begun(prompt: str) -> tuple[str, str, str]:
        ids, lead, unknown = WORDS.begin(prompt)
        return WORDS.decode(ids), lead, unknown

    assert begun("the dog's ") == ("the dog's", " ", "")
    assert begun("the  ") == ("the ", " ", "")
    assert begun("the d") == ("the", " d", "")
    assert begun("the dog's") == ("the dog's", "", "")
    assert begun("the 漢é") == ("the", " e", "漢")
    assert begun("") == begun("漢")[:2] + ("",) == ("", "", "")
    assert PLAIN.begin("the ")[1] == ""


@given(st.dictionaries(st.text("abc ", min_size=1, max_size=3), st.integers(1, 9)), st.integers(1))
def test_words_are_the_most_frequent_ones_in_a_fixed_order(
    counts: dict[str, int], size: int
) -> None:
    vocabulary = Vocabulary.of_words("cab ", counts, size)

    words = vocabulary.tokens[4:]
    left = [w for w in counts if len(w) > 1 and counts[w] >= MIN_COUNT and w not in words]
    ranks = [(-counts[word], word) for word in words]
    assert vocabulary.tokens[:4] == (" ", "a", "b", "c")
    assert ranks == sorted(ranks)
    assert len(vocabulary) <= max(4, size)
    assert not left or (len(vocabulary) >= size)
    assert all(rank <= (-counts[word], word) for rank in ranks for word in left)


def test_a_text_begins_as_a_paragraph_does() -> None:
    assert Vocabulary.of("a. b\n").decode(Vocabulary.of("a. b\n").opening) == ".\n\n"
    assert Vocabulary.of("ab\n").opening == [0]
    assert Vocabulary.of("ab").opening == [0]
