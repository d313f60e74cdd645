"""What the texts of a form stand for."""

from typing import Annotated, Any, Literal

import orjson
import pytest
from pydantic import Field

from api.incoming.form_values import taken_by, value_of
from genart_core.request import ArtRequest


class Everything(ArtRequest):
    model: str = "m"
    count: int | None = None
    share: float = 0.5
    strength: Literal["auto"] | float = "auto"
    sure: bool = False
    preset: Literal["draft", "good"] = "good"
    stop: str | list[str] = []
    layers: Annotated[list[str], Field(max_length=4)] | dict[str, float] = []
    numbers: list[float] = []
    pair: tuple[int, int] | None = None


def read(name: str, *texts: str) -> Any:
    """Return a value as validation sees it."""
    return orjson.loads(orjson.dumps(value_of(taken_by(Everything)[name], texts)))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        *(("model", "nietzsche", "nietzsche"), ("model", "7", "7"), ("model", "", "")),
        *(("model", "null", "null"), ("model", "[x", "[x"), ("model", '{"a": 1}', '{"a": 1}')),
        *(("count", "7", 7), ("count", " 7 ", 7), ("count", "null", None), ("count", "", None)),
        *(("count", "1.5", "1.5"), ("count", "seven", "seven"), ("count", "true", "true")),
        *(("share", "0.25", 0.25), ("share", "1", 1), ("share", "NaN", "NaN")),
        *(("strength", "auto", "auto"), ("strength", "0.5", 0.5), ("strength", "high", "high")),
        *(("sure", "true", True), ("sure", "True", True), ("sure", "False", False)),
        *(("sure", "yes", "yes"), ("sure", "1", "1"), ("preset", "draft", "draft")),
        *(("preset", '"draft"', "draft"), ("preset", "", None), ("preset", "7", "7")),
        *(("stop", "end", "end"), ("stop", '["a", "b"]', ["a", "b"]), ("stop", "[a", "[a")),
        *(("layers", "relu1", ["relu1"]), ("layers", '{"relu1": 2}', {"relu1": 2})),
        *(("layers", '["a","b"]', ["a", "b"]), ("layers", '["a"', '["a"'), ("layers", "", None)),
        *(("numbers", "1.5", [1.5]), ("numbers", "[1, 2]", [1, 2]), ("numbers", "x", ["x"])),
        ("pair", "[1, 2]", [1, 2]),
    ],
)
def test_text_becomes_what_the_field_takes(name: str, text: str, value: object) -> None:
    assert read(name, text) == value


def test_repeated_field_is_a_list() -> None:
    assert read("layers", "a", "1") == ["a", "1"]
    assert read("numbers", "1", "2.5", "x") == [1, 2.5, "x"]


def test_fields_that_may_be_repeated_are_known() -> None:
    many = {name for name, field in taken_by(Everything).items() if field.takes_many}

    assert many == {"stop", "layers", "numbers", "pair"}
