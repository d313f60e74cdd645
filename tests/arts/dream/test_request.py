"""What a caller may send, and what is refused before any work is done."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from genart_core.arts.dream.presets import DEFAULT, PRESETS, layers_at
from genart_core.arts.dream.request import (
    PICTURE_BYTES,
    DreamRequest,
    batch_key,
    check,
    cost,
    find_class,
)
from genart_core.errors import RefusedError
from genart_core.request import image_fields

CLASSES = [
    {"wnid": "n02012849", "name": "crane"},
    {"wnid": "n02099712", "name": "Labrador retriever"},
    {"wnid": "n03126707", "name": "crane"},
    {"wnid": "n02088364", "name": "beagle, hound"},
]
LAYERS = [("relu1_1", 16, 1), ("relu2_1", 32, 2), ("relu3_1", 64, 4), ("logits", 4, 4)]
CARD: dict[str, Any] = {
    "layers": [{"name": n, "channels": c, "stride": s} for n, c, s in LAYERS],
    "classes": CLASSES,
}


def refusal(request: DreamRequest, card: Any = CARD, memory: int | None = None) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        check(request, card, memory)
    return caught.value


def test_nothing_need_be_said() -> None:
    request = DreamRequest.model_validate_json("{}")

    check(request, CARD, None)
    assert request.image is None
    assert (request.octaves, request.octave_scale, request.iterations) == (4, 1.4, 20)
    assert (request.step_size, request.jitter, request.size) == (0.015, 16, 512)
    assert (request.model, request.format, request.preset) == ("features", "png", DEFAULT)


def test_pictures_are_found_in_it() -> None:
    assert image_fields(DreamRequest) == {"image": False, "guide": False}


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_fills_what_is_not_said(name: str) -> None:
    values = PRESETS[name].values
    request = DreamRequest.model_validate_json(json.dumps({"preset": name}))
    other = DreamRequest.model_validate_json(json.dumps({"preset": name, "octaves": 2}))

    assert {field: getattr(request, field) for field in values} == dict(values)
    assert other.octaves == 2
    for field in set(values) - {"octaves"}:
        assert getattr(other, field) == values[field]


def test_the_default_preset_is_the_defaults() -> None:
    assert DreamRequest() == DreamRequest(preset=DEFAULT)
    defaults = {name: field.default for name, field in DreamRequest.model_fields.items()}
    assert DreamRequest().model_dump() == defaults


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, "mean-abs"),
        ({"target_class": None}, "mean-abs"),
        ({"target_class": 0}, "laplacian"),
        ({"target_class": "owl", "preset": "creatures"}, "laplacian"),
        ({"target_class": "owl", "gradient_normalization": "std"}, "std"),
    ],
)
def test_a_class_is_sought_in_bold_shapes_unless_others_are_named(
    fields: dict[str, Any], wanted: str
) -> None:
    assert DreamRequest(**fields).gradient_normalization == wanted


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("count", [1, 2, 7, 30])
def test_a_preset_has_layers_in_any_network(name: str, count: int) -> None:
    layers = [f"layer{i}" for i in range(count)]

    chosen = layers_at(PRESETS[name].depths, layers)

    assert chosen.keys() <= set(layers)
    assert sum(chosen.values()) == pytest.approx(sum(PRESETS[name].depths.values()))


def test_presets_pass_over_poolings() -> None:
    vgg = [f"relu{block}_{place}" for block in (1, 2, 3) for place in (1, 2)]
    pooled = ["relu1_1", "relu1_2", "pool1", "relu2_1", "relu2_2", "pool2", "relu3_1", "relu3_2"]

    for preset in PRESETS.values():
        assert layers_at(preset.depths, [*pooled, "maxpool3"]) == layers_at(preset.depths, vgg)


def test_presets_go_from_low_layers_to_high_ones() -> None:
    layers = [f"layer{i}" for i in range(8)]
    single = [p for p in PRESETS.values() if len(p.depths) == 1]

    depths = [layers.index(next(iter(layers_at(preset.depths, layers)))) for preset in single]

    assert depths == sorted(set(depths))
    assert depths[-1] == 7


@given(
    fields=st.fixed_dictionaries(
        {},
        optional={
            "preset": st.sampled_from(list(PRESETS)),
            "layer_contributions": st.dictionaries(
                st.text(min_size=1, max_size=9), st.floats(-1000, 1000), min_size=1, max_size=4
            ),
            "target_class": st.integers(0, 999) | st.text(min_size=1, max_size=20),
            "octaves": st.integers(1, 10),
            "octave_scale": st.floats(1.05, 4.0),
            "detail": st.floats(0, 1),
            "gradient_normalization": st.sampled_from(["mean-abs", "std", "laplacian"]),
            "max_loss": st.floats(0.001, 1e9),
            "preserve_colors": st.booleans(),
            "seed": st.integers(0, 2**53 - 1),
        },
    )
)
def test_a_request_comes_back_from_its_record(fields: dict[str, Any]) -> None:
    request = DreamRequest.model_validate_json(json.dumps(fields))

    again = DreamRequest.model_validate(json.loads(request.model_dump_json()))

    assert again == request
    for name, value in fields.items():
        assert getattr(request, name) == value


@pytest.mark.parametrize(
    "fields",
    [
        {"octaves": 0},
        {"octave_scale": 1.0},
        {"iterations": 401},
        {"step_size": 0},
        {"detail": 1.1},
        {"size": 4097},
        {"size": 63},
        {"jitter": -1},
        {"gradient_normalization": "max"},
        {"preset": "nightmare"},
        {"preset": ["animals"]},
        {"layer_contributions": {}},
        {"layer_contributions": {"relu1_1": "1"}},
        {"layer_contributions": {"relu1_1": 1e9}},
        {"channels": {"relu1_1": []}},
        {"channels": {"relu1_1": [-1]}},
        {"max_loss": 0},
        {"octave": 3},
        {"image": "photo.jpg"},
        {"format": "gif"},
        {"iterations": "20"},
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DreamRequest.model_validate_json(json.dumps(fields))


def test_channels_need_their_layer_among_the_contributions() -> None:
    with pytest.raises(ValidationError, match="relu2_1, which layer_contributions doesn't"):
        DreamRequest(layer_contributions={"relu1_1": 1.0}, channels={"relu2_1": [0]})


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"preset": "creatures"}, {"relu3_1": 1.0}),
        ({"layer_contributions": {"relu2_1": -0.5}}, {"relu2_1": -0.5}),
        ({"channels": {"relu2_1": [3]}}, {"relu2_1": 1.0}),
        ({"channels": {"relu2_1": [3]}, "layer_contributions": {"relu2_1": 3.0}}, {"relu2_1": 3.0}),
        ({"target_class": 3}, {}),
        ({"target_class": 3, "layer_contributions": {"relu1_1": 1.0}}, {"relu1_1": 1.0}),
        ({"target_class": 3, "guide": f"asset:{'0' * 64}"}, {"relu3_1": 1.0}),
    ],
)
def test_layers_are_the_named_ones_else_the_presets(
    fields: dict[str, Any], wanted: dict[str, float]
) -> None:
    request = DreamRequest(**{"preset": "creatures", **fields})

    assert request.contributions(["relu1_1", "relu2_1", "relu3_1"]) == wanted


@pytest.mark.parametrize("field", ["layer_contributions", "channels"])
def test_unknown_layers_are_told_with_the_known_ones(field: str) -> None:
    value: dict[str, Any] = {"conv9": 1.0 if field == "layer_contributions" else [1]}

    error = refusal(DreamRequest.model_validate({field: value}))

    assert (error.field, error.code) == (field, "invalid_request")
    assert "conv9" in str(error)
    assert "relu1_1, relu2_1, relu3_1" in str(error)
    assert "logits" not in str(error)


def test_a_channel_beyond_the_last_is_told_with_the_count() -> None:
    check(DreamRequest(channels={"relu2_1": [0, 31]}), CARD, None)

    error = refusal(DreamRequest(channels={"relu2_1": [0, 32]}))

    assert (error.field, error.code) == ("channels", "invalid_request")
    assert "no channel 32 in relu2_1; it has 0 to 31" in str(error)


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (1, 1),
        ("2", 2),
        ("n03126707", 2),
        ("N02099712", 1),
        (" labrador RETRIEVER", 1),
        ("hound", 3),
    ],
)
def test_a_class_goes_by_index_id_and_name(wanted: int | str, index: int) -> None:
    assert find_class(wanted, CLASSES) == index
    check(DreamRequest(target_class=wanted), CARD, None)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (4, "no class 4; this model's go from 0 to 3"),
        (" ", "Unknown class ' '; among the 4 known ones: crane"),
        ("retriever", "Unknown class 'retriever'; among the 4 known ones: Labrador retriever"),
        ("crane", r"Several classes are called 'crane': 0 \(n02012849\), 2 \(n03126707\)"),
    ],
)
def test_an_unclear_class_is_told_with_what_is_near(wanted: int | str, told: str) -> None:
    with pytest.raises(RefusedError, match=told):
        check(DreamRequest(target_class=wanted), CARD, None)


def test_a_network_without_classes_refuses_them() -> None:
    error = refusal(DreamRequest(target_class=1), {"layers": CARD["layers"]})

    assert (error.field, error.code) == ("target_class", "invalid_request")
    assert "no classes" in str(error)


def test_an_unknown_card_is_left_to_the_worker() -> None:
    check(DreamRequest(layer_contributions={"conv9": 1.0}, target_class="owl"), {}, None)


def test_too_large_a_picture_is_refused_with_a_size_that_fits() -> None:
    memory = 10**9

    error = refusal(DreamRequest(size=4096), memory=memory)

    assert (error.field, error.code) == ("size", "too_large")
    fitting = int(str(error).split("size ")[1].split(" ")[0])
    assert 1500 < fitting < (memory / PICTURE_BYTES) ** 0.5
    check(DreamRequest(size=fitting), CARD, memory)
    refusal(DreamRequest(size=fitting + 1), memory=memory)
    assert "nothing of this kind would fit" in str(refusal(DreamRequest(size=64), memory=10**7))


def test_cost_is_in_pixels_stepped_on() -> None:
    plain = DreamRequest(octaves=1, size=1000, iterations=10)

    assert cost(plain) == pytest.approx(10.0)
    assert cost(plain.model_copy(update={"size": 2000})) == pytest.approx(40.0)
    assert 10.0 < cost(plain.model_copy(update={"octaves": 10})) < 10.0 / (1 - 1.4**-2)
    assert batch_key(plain) == "features"


def test_the_losses_of_the_longest_dream_fit_into_a_result() -> None:
    most = DreamRequest(octaves=10, iterations=400)
    with pytest.raises(ValidationError):
        DreamRequest(octaves=11)

    losses = [-1.234e-05] * (most.octaves * most.iterations)

    assert len(json.dumps(losses)) < 58 * 1024  # of 64 KiB, the layers being at most 6
