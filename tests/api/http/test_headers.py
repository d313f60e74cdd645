from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from api.following.events import parse_event_id
from api.http.errors import ProblemError
from api.http.headers import Preferences, byte_range, idempotency_key, is_known, preferences

RAW = st.binary(max_size=60)


@given(RAW)
def test_any_prefer_gives_a_wait_within_the_limit(raw: bytes) -> None:
    for value in (raw, b"wait=" + raw):
        wait = preferences({"type": "http", "headers": [(b"prefer", value)]}, 60).wait
        assert wait is None or 0 <= wait <= 60


def test_first_wait_of_several_fields_counts() -> None:
    headers = [
        *((b"prefer", b"respond-async"), (b"prefer", b'return=minimal; x=1, Wait="7" ;y')),
        (b"prefer", b"wait=9"),
    ]

    assert preferences({"type": "http", "headers": headers}, 60) == Preferences(7, True)


@given(RAW)
def test_any_if_none_match_is_a_yes_or_a_no(raw: bytes) -> None:
    assert is_known({b"if-none-match": raw}, '"v1"') in (True, False)


@given(RAW, st.integers(0, 1000))
def test_any_range_is_none_or_lies_within_the_file(raw: bytes, size: int) -> None:
    for value in (raw, b"bytes=" + raw):
        try:
            part = byte_range({b"range": value}, size, '"x"')
        except ProblemError:
            continue
        assert part is None or 0 <= part.start < part.end <= size


@given(RAW)
def test_any_key_is_taken_or_refused(raw: bytes) -> None:
    with suppress(ProblemError):
        assert 1 <= len(idempotency_key({b"idempotency-key": raw})) <= 255


@given(st.text(max_size=50))
def test_any_event_id_is_a_pair_or_none(text: str) -> None:
    parsed = parse_event_id(text)
    assert parsed is None or min(parsed) >= 0


@given(st.tuples(st.integers(0, 10**17), st.integers(0, 10**17)))
def test_event_ids_are_read_as_they_are_written(pair: tuple[int, int]) -> None:
    assert parse_event_id(f"{pair[0]}-{pair[1]}") == pair
