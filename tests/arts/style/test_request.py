"""The request: its defaults, its bounds, and what is refused before it is queued."""

from typing import Any

import pytest
from pydantic import ValidationError

from genart_core.arts.style.layers import choose_layers
from genart_core.arts.style.request import PRESETS, StyleRequest, check, cost
from genart_core.catalogue import find_kind, load_generator
from genart_core.errors import RefusedError
from genart_core.request import image_fields

PICTURE = "asset:" + "0" * 64
VGG = [
    {"name": f"relu{block}_{place}", "channels": channels, "stride": 2 ** (block - 1)}
    for block, (channels, count) in enumerate(
        [(64, 2), (128, 2), (256, 4), (512, 4), (512, 4)], start=1
    )
    for place in range(1, count + 1)
]
CARD = {"layers": [*VGG, {"name": "logits", "channels": 1000, "stride": 1}]}


def request(**fields: Any) -> StyleRequest:
    return StyleRequest.model_validate({"content": PICTURE, "style": PICTURE, **fields})


def test_the_pictures_are_all_that_is_needed() -> None:
    made = request()

    assert made.style == [PICTURE]
    assert (made.model, made.size, made.format, made.optimizer) == (
        "features", 512, "png", "lbfgs",
    )  # fmt: skip
    assert StyleRequest.model_validate(made.model_dump()) == made


def test_forms_know_which_fields_are_pictures() -> None:
    assert image_fields(StyleRequest) == {"content": False, "style": True, "masks": True}


def test_the_catalogue_has_the_kind_with_the_feature_networks() -> None:
    kind = find_kind("style")

    assert (kind.models, kind.batch_limit, kind.threads) == ("features", 1, 0)
    assert kind.check is check
    assert load_generator("style").__module__ == "genart_core.arts.style.generate"


@pytest.mark.parametrize(
    "fields",
    [
        {"style": []},
        {"style": [PICTURE] * 9},
        {"style": [PICTURE] * 2, "masks": [PICTURE]},
        {"style": [PICTURE] * 2, "style_weights": [1.0]},
        {"style_weights": [0.0]},
        {"style_weights": [-1.0]},
        {"content_weight": 0.0, "style_weight": 0.0},
        {"content_weight": -1.0},
        {"content_layers": []},
        {"style_layers": {"relu1_1": 0.0}},
        {"iterations": 0},
        {"iterations": 2001},
        {"scales": 11},
        {"size": 63},
        {"size": 2049},
        {"style_scale": 4.1},
        {"size": 2048, "style_scale": 2.5},
        {"preset": "worst"},
        {"optimizer": "sgd"},
        {"init": "grey"},
        {"preserve_colors": True},
        {"format": "gif"},
        {"unknown": 1},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_an_error(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        request(**fields)


def test_blend_weights_sum_to_one() -> None:
    assert request(style=[PICTURE] * 4).blend == (0.25,) * 4
    assert request(style=[PICTURE] * 2, style_weights=[3.0, 1.0]).blend == (0.75, 0.25)


def test_scales_are_a_root_of_two_apart_and_none_too_coarse() -> None:
    assert request(size=512, scales=3).sizes == (256, 362, 512)
    assert request(size=160, preset="best").sizes == (160,)
    assert request(size=64).sizes == (64,)
    assert request(size=128, scales=3).sizes == (64, 91, 128)
    assert len(request(size=2048, preset="best").sizes) == PRESETS["best"].scales


def test_presets_are_more_and_more_work_and_fields_override_them() -> None:
    costs = [cost(request(preset=preset)) for preset in PRESETS]

    assert list(PRESETS) == ["draft", "good", "best"]
    assert costs == sorted(costs)
    assert request(preset="best", iterations=7).evaluations == 7
    assert request(optimizer="adam").evaluations == 5 * request().evaluations


def test_the_layers_of_the_paper_are_the_default_of_vgg() -> None:
    layers = choose_layers(None, None, VGG)

    assert list(layers.content) == ["relu4_2"]
    assert list(layers.style) == [f"relu{block}_1" for block in (1, 2, 3, 4, 5)]
    assert sum(layers.style.values()) == pytest.approx(1.0)


def test_layer_weights_count_relative_to_each_other() -> None:
    layers = choose_layers({"relu4_2": 5.0}, {"relu1_1": 3.0, "relu2_1": 1.0}, VGG)

    assert layers.content == {"relu4_2": 1.0}
    assert layers.style == {"relu1_1": 0.75, "relu2_1": 0.25}
    assert layers.stride == 8


def test_other_networks_have_defaults_too() -> None:
    shallow = [{"name": "a", "channels": 8, "stride": 2}, {"name": "b", "channels": 8, "stride": 4}]
    deep = [{"name": "c", "channels": 8, "stride": 32}]

    assert choose_layers(None, None, shallow).content == {"b": 1.0}
    assert list(choose_layers(None, None, shallow).style) == ["a", "b"]
    assert list(choose_layers(None, None, deep).style) == ["c"]


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("style_layers", ["relu1_1", "conv9"], "conv9"),
        ("content_layers", {"relu7": 1.0}, "relu7"),
        ("content_layers", ["logits"], "logits"),
    ],
)
def test_an_unknown_layer_is_refused_with_the_known_ones(
    field: str, value: Any, named: str
) -> None:
    with pytest.raises(RefusedError, match=f"Unknown layer {named}; .*relu1_1, .*relu5_4") as error:
        check(request(**{field: value}), CARD, None)

    assert (error.value.field, error.value.code) == (field, "invalid_request")


def test_too_large_is_refused_with_the_size_that_would_fit() -> None:
    with pytest.raises(RefusedError, match=r"size \d+ would fit") as error:
        check(request(size=2048), CARD, 2_500_000_000)

    assert (error.value.field, error.value.code) == ("size", "too_large")
    fitting = error.value.fits["size"]
    check(request(size=fitting), CARD, 2_500_000_000)
    with pytest.raises(RefusedError):
        check(request(size=fitting + 1), CARD, 2_500_000_000)


def test_where_nothing_fits_it_says_so() -> None:
    with pytest.raises(RefusedError, match="nothing of this kind would fit"):
        check(request(), CARD, 100_000_000)


def test_what_is_not_known_is_not_refused() -> None:
    check(request(size=2048, style_layers=["anything"]), {}, 1)
    check(request(size=2048), CARD, None)
    check(request(size=2048), CARD, 8_000_000_000)
