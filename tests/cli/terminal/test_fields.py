"""Fields as options: what is typed, and the request that it makes."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.errors import OptionError
from cli.terminal.fields import body_of, fields_of, read_fields
from genart_core.arts.style.request import StyleRequest
from genart_core.arts.text.request import TextRequest
from genart_core.arts.vae.request import VaeSampleRequest
from genart_core.catalogue import kinds
from genart_core.request import ArtRequest

NAMES = st.text("abcdefgh_0123456789", min_size=1, max_size=8)
NUMBERS = st.floats(-20, 20, allow_nan=False)


def body(shape: type[ArtRequest], **came: Any) -> Any:
    """Return the JSON that options make; several values are the option given several times."""
    fields = fields_of(shape)
    read = read_fields(fields, {f"field_{name}": value for name, value in came.items()})
    return orjson.loads(orjson.dumps(body_of(fields, read)))


@pytest.mark.parametrize(
    ("shape", "came", "meant"),
    [
        (TextRequest, {"prompt": "[1, 2]"}, {"prompt": "[1, 2]"}),
        (TextRequest, {"prompt": ""}, {"prompt": ""}),
        (TextRequest, {"length": "12"}, {"length": 12}),
        (TextRequest, {"length": "long"}, {"length": "long"}),
        (TextRequest, {"stop": ["a, b"]}, {"stop": "a, b"}),
        (TextRequest, {"stop": ["a", "b"]}, {"stop": ["a", "b"]}),
        (TextRequest, {"stop": ['["a"]']}, {"stop": ["a"]}),
        (TextRequest, {"seed": None, "top_p": "0.5"}, {"top_p": 0.5}),
        (VaeSampleRequest, {"loop": False}, {"loop": False}),
        (VaeSampleRequest, {"across_range": ["-1,2.5"]}, {"across_range": [-1, 2.5]}),
        (VaeSampleRequest, {"across_range": ["-1", "2"]}, {"across_range": [-1, 2]}),
        (VaeSampleRequest, {"seeds": ["4"]}, {"seeds": [4]}),
        (VaeSampleRequest, {"latents": ["1,2", "[3,4]"]}, {"latents": [[1, 2], [3, 4]]}),
        (VaeSampleRequest, {"latents": ["[1,2]"]}, {"latents": [[1, 2]]}),
        (VaeSampleRequest, {"latents": ["[[1,2]]"]}, {"latents": [[1, 2]]}),
        (VaeSampleRequest, {"concepts": ["a=1,b=-2"]}, {"concepts": {"a": 1, "b": -2}}),
        (VaeSampleRequest, {"concepts": ["a=1", "b = 2"]}, {"concepts": {"a": 1, "b": 2}}),
        (VaeSampleRequest, {"concepts": ['{"a": 1}']}, {"concepts": {"a": 1}}),
        (StyleRequest, {"style_layers": ["a,b"]}, {"style_layers": ["a", "b"]}),
        (StyleRequest, {"style_layers": ["a=1,b=2"]}, {"style_layers": {"a": 1, "b": 2}}),
        (StyleRequest, {"content": "job:1/0"}, {"content": "job:1/0"}),
        (
            kinds()["dream"].request,
            {"channels": ["a=[1,2],b=[3]"]},
            {"channels": {"a": [1, 2], "b": [3]}},
        ),
    ],
)
def test_what_is_typed_is_what_is_asked_for(
    shape: type[ArtRequest], came: dict[str, Any], meant: dict[str, Any]
) -> None:
    assert body(shape, **came) == meant


@given(st.dictionaries(NAMES, NUMBERS, min_size=1, max_size=5), st.booleans())
def test_objects_can_be_typed_as_pairs(concepts: dict[str, float], is_one_word: bool) -> None:
    pairs = [f"{name}={strength}" for name, strength in concepts.items()]

    typed = [",".join(pairs)] if is_one_word else pairs
    assert body(VaeSampleRequest, concepts=typed) == {"concepts": concepts}


@given(st.lists(NUMBERS, min_size=1, max_size=5), st.booleans())
def test_lists_can_be_typed_with_commas(weights: list[float], is_one_word: bool) -> None:
    texts = [str(weight) for weight in weights]

    typed = [",".join(texts)] if is_one_word else texts
    assert body(StyleRequest, style_weights=typed) == {"style_weights": weights}


def test_a_file_is_kept_as_one(tmp_path: Path) -> None:
    path = tmp_path / "a, b.png"
    path.write_bytes(b"x")

    read = read_fields(fields_of(StyleRequest), {"field_style": [str(path), "asset:1"]})
    assert read == {"style": [path, "asset:1"]}


def test_a_folder_is_no_picture(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="--content: There is no file"):
        read_fields(fields_of(StyleRequest), {"field_content": str(tmp_path)})
