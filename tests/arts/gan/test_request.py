"""What a caller may send, and what is refused before any work is done."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api.incoming.form_values import taken_by, value_of
from genart_core.arts.gan.request import GanSampleRequest, batch_key, check, cost, find_class
from genart_core.errors import RefusedError
from genart_core.request import image_fields

CLASSES = ("airplane", "automobile", "bird")
CARD: dict[str, Any] = {"latent": 4, "classes": [{"name": name} for name in CLASSES]}


def request_of(**fields: Any) -> GanSampleRequest:
    return GanSampleRequest.model_validate_json(json.dumps(fields))


def test_nothing_need_be_said() -> None:
    request = request_of()

    check(request, CARD, None)
    assert (request.mode, request.count, request.wishes, request.truncation) == (
        "sample",
        1,
        None,
        1.0,
    )
    assert (request.model, request.format, request.layout) == ("cifar10", "png", "images")
    assert image_fields(GanSampleRequest) == {}


@pytest.mark.parametrize(
    ("fields", "layout", "format"),
    [
        ({"mode": "walk"}, "film", "webp"),
        ({"mode": "walk", "layout": "sheet"}, "sheet", "png"),
        ({"layout": "film"}, "film", "webp"),
    ],
)
def test_layout_and_format_follow_the_mode(
    fields: dict[str, Any], layout: str, format: str
) -> None:
    request = request_of(**fields)
    assert (request.layout, request.format) == (layout, format)


@given(
    fields=st.fixed_dictionaries(
        {},
        optional={
            "class": st.integers(0, 9) | st.sampled_from(["cat", "7"]),
            "count": st.integers(1, 64),
            "truncation": st.floats(0.01, 1.0),
            "layout": st.sampled_from(["images", "sheet", "film"]),
            "scale": st.integers(1, 16),
            "seed": st.integers(0, 2**53 - 1),
        },
    )
)
def test_a_request_comes_back_from_its_record(fields: dict[str, Any]) -> None:
    request = request_of(**fields)

    again = GanSampleRequest.model_validate(json.loads(request.model_dump_json()))

    assert again == request
    assert request.wishes == ([fields["class"]] if "class" in fields else None)


@pytest.mark.parametrize(
    "fields",
    [
        {"count": 0},
        {"count": 65},
        {"truncation": 0},
        {"truncation": 1.1},
        {"scale": 17},
        {"class": []},
        {"class": ""},
        {"class": -1},
        {"class": True},
        {"class": 1.5},
        {"class": ["cat"] * 65},
        {"class_": "cat"},
        {"classes": ["cat"]},
        {"latents": [[1.0]]},
        {"mode": "point"},
        {"mode": "walk", "latents": [[1.0]]},
        {"mode": "walk", "seeds": [1]},
        {"mode": "walk", "seeds": [1, 2], "latents": [[1.0], [2.0]]},
        {"seeds": [1, 2]},
        {"mode": "walk", "frames": 65, "layout": "images"},
        {"format": "gif"},
        {"layout": "film", "format": "png"},
        {"mode": "grid"},
        {"latents": [[None]], "mode": "point"},
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        request_of(**fields)


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        (["bird"], ["bird"]),
        (["2"], ["2"]),
        (["bird", "airplane"], ["bird", "airplane"]),
        (['["bird", 0]'], ["bird", 0]),
    ],
)
def test_a_form_can_name_classes_too(texts: list[str], wanted: list[Any]) -> None:
    import orjson

    value = value_of(taken_by(GanSampleRequest)["class"], texts)
    request = GanSampleRequest.model_validate_json(orjson.dumps({"class": value}))

    assert request.wishes == wanted
    check(request, CARD, None)


@pytest.mark.parametrize(
    ("wish", "index"), [("bird", 2), (" AirPlane ", 0), (1, 1), ("1", 1), (2, 2)]
)
def test_a_class_goes_by_name_and_index(wish: int | str, index: int) -> None:
    assert find_class(wish, CLASSES) == index


def test_a_name_of_digits_goes_before_the_index() -> None:
    assert find_class("1", ("1", "0")) == 0


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ("cat", "Unknown class 'cat'; known classes: airplane, automobile, bird"),
        (3, "There is no class 3; they go from 0 to 2: airplane, automobile, bird"),
    ],
)
def test_unknown_classes_are_refused_with_the_known_ones(wish: int | str, told: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check(request_of(**{"class": ["bird", wish]}), CARD, None)

    assert (caught.value.field, caught.value.code) == ("class", "invalid_request")
    assert str(caught.value) == told


def test_a_generator_without_classes_says_so() -> None:
    with pytest.raises(RefusedError, match="has no classes"):
        check(request_of(**{"class": 0}), {"latent": 4, "classes": []}, None)


def test_points_of_another_length_are_refused() -> None:
    check(request_of(mode="point", latents=[[0.0] * 4]), CARD, None)
    with pytest.raises(RefusedError, match="Point 1 has 3 numbers; cifar10 takes 4"):
        check(request_of(mode="point", latents=[[0.0] * 4, [0.0] * 3]), CARD, None)


@pytest.mark.parametrize(
    ("memory", "scale", "told"),
    [
        (None, 8, "600 pictures of 32 px at scale 8 are too large; scale 7 would fit"),
        (2 * 10**8, 4, "scale 4 are too large; scale 2 would fit"),
        (10**7, 1, "scale 1 are too large; frames 203 would fit"),
        (10**7, 3, "scale 3 are too large; frames 22 would fit"),
        (10**4, 1, "nothing of this kind would fit"),
    ],
)
def test_films_that_fit_in_no_memory_are_refused(memory: int | None, scale: int, told: str) -> None:
    request = request_of(mode="walk", frames=600, scale=scale)

    with pytest.raises(RefusedError, match=told) as caught:
        check(request, {**CARD, "size": 32}, memory)

    assert (caught.value.field, caught.value.code) == ("scale", "too_large")


def test_all_pictures_fit_at_the_largest_scale() -> None:
    check(request_of(count=64, scale=16, layout="sheet"), {**CARD, "size": 32}, None)


def test_an_unknown_card_is_left_to_the_worker() -> None:
    check(request_of(**{"class": "cat"}), {}, None)


def test_cost_is_in_pictures_and_their_enlargement() -> None:
    assert cost(request_of(count=3, scale=1)) == pytest.approx(4.0)
    assert cost(request_of(count=3, scale=3)) == pytest.approx(12.0)
    assert cost(request_of(mode="walk", frames=30, scale=1)) == pytest.approx(40.0)
    assert batch_key(request_of(model="mine")) == "mine"


def test_pictures_are_large_enough_to_be_looked_at() -> None:
    sheet, film = request_of(layout="sheet"), request_of(mode="walk")

    assert (request_of().scale, film.scale, sheet.scale) == (4, 4, 2)
    assert request_of(layout="sheet", scale=1).scale == 1
    check(request_of(mode="walk", frames=600), {**CARD, "size": 64}, None)
    with pytest.raises(ValidationError):
        request_of(scale=0)
