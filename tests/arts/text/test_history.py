from hypothesis import given
from hypothesis import strategies as st

from genart_core.arts.text.history import Ending, Repeats


def test_run_that_was_had_is_followed_by_what_followed_it() -> None:
    repeats = Repeats(3)
    for token in [1, 2, 3, 1, 2, 4, 9, 1, 2]:
        repeats.push(token)

    assert repeats.followers() == [3, 4]


def test_text_shorter_than_a_run_repeats_nothing() -> None:
    repeats = Repeats(4)
    assert repeats.followers() == []
    for token in [1, 2, 3]:
        repeats.push(token)

    assert repeats.followers() == []


@given(tokens=st.lists(st.integers(0, 3), max_size=60), order=st.integers(2, 5))
def test_followers_are_those_that_would_complete_an_earlier_run(
    tokens: list[int], order: int
) -> None:
    repeats = Repeats(order)
    for token in tokens:
        repeats.push(token)

    had = {tuple(tokens[i : i + order]) for i in range(len(tokens) - order + 1)}
    end = tuple(tokens[len(tokens) - order + 1 :])
    assert repeats.followers() == [t for t in range(4) if (*end, t) in had]


STOPS = st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=3)


@given(text=st.text("ab\n", max_size=40), stops=STOPS, cuts=st.lists(st.integers(1, 5)))
def test_text_ends_before_the_stop_that_is_complete_first(
    text: str, stops: list[str], cuts: list[int]
) -> None:
    ending, shown, rest = Ending(stops), "", text
    for size in [*cuts, *[1] * len(text)]:
        if not ending.is_reached:
            shown += ending.accept(rest[:size])
            rest = rest[size:]
            assert not any(stop in shown for stop in stops)
            assert text.startswith(shown)
    ended = ending.is_reached
    shown += ending.rest()

    assert ended == any(stop in text for stop in stops)
    assert not any(stop in shown for stop in stops)
    if not ended:
        assert shown == text
    else:
        assert any(text[len(shown) :].startswith(stop) for stop in stops)


def test_only_what_may_begin_a_stop_is_held_back() -> None:
    ending = Ending(["\n\n", "END"])

    assert ending.accept("one\n") == "one"
    assert ending.accept("two E") == "\ntwo "
    assert ending.accept("N") == ""
    assert ending.accept("VY") == "ENVY"
    assert ending.accept("\n") == ""
    assert ending.rest() == "\n"
