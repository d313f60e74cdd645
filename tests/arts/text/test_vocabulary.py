from hypothesis import given
from hypothesis import strategies as st

from genart_core.arts.text.vocabulary import Vocabulary

PLAIN = Vocabulary.of("abcdefghijklmnopqrstuvwxyz \n\"'-.")


@given(st.text(alphabet=PLAIN.characters))
def test_known_text_comes_back_as_it_was(text: str) -> None:
    ids, unknown = PLAIN.encode(text)

    assert PLAIN.decode(ids) == text
    assert unknown == ""


@given(st.text())
def test_any_text_is_encoded_with_ids_in_range(text: str) -> None:
    ids, unknown = PLAIN.encode(text)

    assert all(0 <= i < len(PLAIN) for i in ids)
    assert not set(unknown) & set(PLAIN.characters)


def test_unseen_characters_are_folded_to_seen_ones() -> None:
    ids, unknown = PLAIN.encode("“Été—Straße…”")

    assert PLAIN.decode(ids) == '"ete--strae..."'
    assert unknown == "ß"


def test_unknown_characters_are_told_once_each_in_order() -> None:
    assert PLAIN.encode("a漢b字漢")[1] == "漢字"


def test_windows_line_ends_are_one_character() -> None:
    assert PLAIN.decode(PLAIN.encode("a\r\nb\rc")[0]) == "a\nb\nc"
