import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from genart_core.bounds import advice, fitting

LEVERS = ("steps", "size")


class Asked(BaseModel):
    steps: int | None = Field(default=None, ge=1, le=100)
    size: int = Field(default=64, ge=8, le=512)
    other: int = 3


def weigh(asked: Asked) -> float:
    return float((asked.steps or 50) * asked.size**2)


requests = st.builds(
    Asked, steps=st.none() | st.integers(1, 100), size=st.integers(8, 512), other=st.integers()
)


@given(requests, st.floats(1.0, 1e8))
def test_what_would_fit_fits_and_a_step_more_does_not(request: Asked, most: float) -> None:
    assume(weigh(request) > most)
    fits = fitting(request, LEVERS, weigh, most)

    if not fits:
        assert weigh(Asked(steps=1, size=8)) > most
        return
    followed = request.model_copy(update=fits)
    assert weigh(followed) <= most
    last = list(fits)[-1]
    assert weigh(followed.model_copy(update={last: fits[last] + 1})) > most


def test_the_first_field_that_will_do_alone_is_named() -> None:
    assert fitting(Asked(steps=100), LEVERS, weigh, 64**2 * 7) == {"steps": 7}
    assert fitting(Asked(steps=2, size=100), LEVERS, weigh, 200.0) == {"size": 10}
    assert fitting(Asked(steps=100, size=512), LEVERS, weigh, 100.0) == {"steps": 1, "size": 10}


def test_field_that_weighs_nothing_is_left_alone() -> None:
    assert fitting(Asked(), ("steps",), lambda asked: float(asked.size), 10.0) == {}


def test_field_without_bounds_is_no_lever() -> None:
    with pytest.raises(TypeError, match="other"):
        fitting(Asked(), ("other",), weigh, 1.0)


def test_advice_names_all_fields_to_change() -> None:
    assert advice({"steps": 1, "size": 10}) == "steps 1 with size 10 would fit"
    assert advice({}) == "nothing of this kind would fit"
