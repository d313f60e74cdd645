"""Requests: what is filled in, what contradicts itself, what a model can't do."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from genart_core.arts.vae.request import (
    VaeEditRequest,
    VaeSampleRequest,
    batch_key,
    check_edit,
    check_sample,
    edit_cost,
    sample_cost,
)
from genart_core.errors import RefusedError
from tests.support.codes import tiny_model

from .conftest import OTHER, PHOTO

CARD = tiny_model().card
POINT = [0.5] * 6


def test_an_empty_request_is_one_portrait() -> None:
    request = VaeSampleRequest()

    assert (request.mode, request.count, request.model) == ("sample", 1, "portraits")
    assert (request.layout, request.format, request.pictures) == ("images", "png", 1)
    assert (request.scale, VaeEditRequest(image=PHOTO).scale) == (4, 4)  # 256 pixels
    assert VaeSampleRequest(mode="grid").scale == 2


@pytest.mark.parametrize(
    ("fields", "layout", "format", "pictures"),
    [
        ({"mode": "grid"}, "sheet", "png", 64),
        ({"mode": "walk"}, "film", "webp", 48),
        ({"mode": "walk", "format": "gif"}, "film", "gif", 48),
        ({"mode": "walk", "layout": "sheet", "frames": 200}, "sheet", "png", 200),
        ({"mode": "point", "latents": [POINT, POINT]}, "images", "png", 2),
        ({"count": 9, "layout": "film"}, "film", "webp", 9),
        ({"layout": None, "format": None}, "images", "png", 1),
    ],
)
def test_layout_and_format_go_with_the_mode(
    fields: dict[str, Any], layout: str, format: str, pictures: int
) -> None:
    request = VaeSampleRequest(**fields)

    assert (request.layout, request.format, request.pictures) == (layout, format, pictures)
    assert VaeSampleRequest.model_validate_json(request.model_dump_json()) == request


@given(
    mode=st.sampled_from(["sample", "grid", "walk"]),
    layout=st.sampled_from([None, "sheet", "film"]),
    frames=st.sampled_from([48, 200, 201, 600]),
)
def test_forms_are_told_which_scale_goes_with_the_layout(
    mode: str, layout: str | None, frames: int
) -> None:
    told = VaeSampleRequest.model_json_schema()["properties"]["scale"]
    said = {"mode": mode, "layout": layout, "frames": frames}

    holding = [
        rule["value"]
        for rule in told["x-defaults"]
        if all(
            said[name] in test.get("enum", [said[name]]) and frames >= test.get("minimum", 0)
            for name, test in rule["when"].items()
        )
    ]

    request = VaeSampleRequest.model_validate(said)
    assert request.scale == (holding[0] if holding else told["default"])


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"format": "gif"}, "format: still pictures are png, jpeg or webp, not gif"),
        ({"mode": "grid", "format": "gif"}, "format: still pictures are"),
        ({"mode": "walk", "format": "png"}, "format: a film is webp or gif, not png"),
        ({"mode": "point"}, "latents: mode point needs at least one point"),
        ({"latents": [POINT]}, "latents: mode sample draws its points"),
        ({"seeds": [1]}, "seeds: mode sample has no use for them"),
        ({"mode": "walk", "latents": [POINT]}, "latents: mode walk passes at least two"),
        ({"mode": "walk", "seeds": [1]}, "seeds: mode walk passes at least two"),
        ({"mode": "walk", "seeds": [1, 2], "latents": [POINT] * 2}, "latents: seeds are given"),
        ({"mode": "grid", "seeds": [1, 2]}, "mode grid moves one point, not 2"),
        ({"mode": "grid", "rows": 9, "layout": "images"}, "layout: 72 pictures are too many"),
    ],
)
def test_contradictions_are_told_by_their_field(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        VaeSampleRequest(**fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"count": 65},
        {"count": 0},
        {"temperature": -0.1},
        {"frames": 601, "mode": "walk"},
        {"scale": 9},
        {"latents": [[float("nan")]], "mode": "point"},
        {"concepts": {"smile": 1e6}},
        {"concepts": {"": 1.0}},
        {"across_range": [1.0]},
        {"size": 64},
    ],
)
def test_what_is_out_of_bounds_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        VaeSampleRequest(**fields)


def test_an_edit_needs_nothing_but_a_picture() -> None:
    request = VaeEditRequest.model_validate_json(json.dumps({"image": PHOTO}))

    assert (request.concepts, request.mix, request.model) == ({}, None, "portraits")
    assert edit_cost(request) < edit_cost(VaeEditRequest(image=PHOTO, mix=OTHER))
    with pytest.raises(ValidationError, match="image"):
        VaeEditRequest()  # type: ignore[call-arg]  # that is the point


def test_unknown_concepts_are_refused_with_those_there_are() -> None:
    edit = VaeEditRequest(image=PHOTO, concepts={"smile": 1.0, "wings": 1.0})

    with pytest.raises(RefusedError, match="Unknown concepts wings; portraits has smile, hat") as e:
        check_edit(edit, CARD, None)

    assert (e.value.field, e.value.code) == ("concepts", "invalid_request")
    check_edit(edit.model_copy(update={"concepts": {"hat": -2.0}}), CARD, None)
    check_edit(edit, {}, None)


@pytest.mark.parametrize(
    ("fields", "field", "told"),
    [
        ({"mode": "point", "latents": [POINT, [0.0]]}, "latents", "Point 1 has 1 numbers"),
        ({"mode": "grid", "across": "wings"}, "across", "portraits has smile, hat"),
        ({"mode": "grid", "down": 6}, "down", "they go from 0 to 5"),
        ({"mode": "grid", "down": "6"}, "down", "they go from 0 to 5"),
        ({"concepts": {"wings": 1.0}}, "concepts", "Unknown concepts wings"),
    ],
)
def test_what_the_model_has_not_is_refused(fields: dict[str, Any], field: str, told: str) -> None:
    with pytest.raises(RefusedError, match=told) as error:
        check_sample(VaeSampleRequest(**fields), CARD, None)

    assert error.value.field == field


@pytest.mark.parametrize(
    ("memory", "scale", "told"),
    [
        (None, 4, "600 pictures of 64 px at scale 4 are too large; scale 3 would fit"),
        (3 * 10**8, 2, "scale 2 are too large; scale 1 would fit"),
        (10**7, 1, "scale 1 are too large; frames 50 would fit"),
        (10**4, 1, "nothing of this kind would fit"),
    ],
)
def test_films_that_fit_in_no_memory_are_refused(memory: int | None, scale: int, told: str) -> None:
    request = VaeSampleRequest(mode="walk", frames=600, scale=scale)

    with pytest.raises(RefusedError, match=told) as error:
        check_sample(request, {**CARD, "size": 64}, memory)

    assert (error.value.field, error.value.code) == ("scale", "too_large")


def test_directions_that_a_mode_has_no_use_for_are_not_looked_at() -> None:
    check_sample(VaeSampleRequest(across="wings"), CARD, None)
    check_sample(VaeSampleRequest(mode="grid", across="smile", down="5"), CARD, None)


def test_jobs_on_a_model_go_together_and_cost_what_they_decode() -> None:
    one = VaeSampleRequest(count=3, model="mine")
    other = VaeSampleRequest(mode="grid", model="mine", scale=3)

    assert batch_key(one) == batch_key(other) == "mine"
    assert sample_cost(one) == pytest.approx(19.0)
    assert sample_cost(other) == pytest.approx(256.0)


def test_an_edit_is_refused_where_its_enlargement_fits_in_no_memory() -> None:
    with pytest.raises(RefusedError, match="scale 4 would fit") as error:
        check_edit(VaeEditRequest(image=PHOTO, scale=8), {**CARD, "size": 64}, 4 * 10**6)

    assert (error.value.field, error.value.code) == ("scale", "too_large")
    check_edit(VaeEditRequest(image=PHOTO, scale=4), {**CARD, "size": 64}, 4 * 10**6)
