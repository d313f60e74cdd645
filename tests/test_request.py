"""Pictures in requests: how they are named, found and replaced."""

from typing import Annotated

import pytest
from pydantic import Field, ValidationError

from genart_core.request import ArtRequest, ImageInput, image_fields, references, with_images

STORED = f"asset:{'0a' * 32}"
OUTPUT = f"job:{'0' * 26}/12"
URI = "data:image/png;base64,iVBORw0KGgo="


class Pictured(ArtRequest):
    model: str = "none"
    image: ImageInput
    guide: ImageInput | None = None
    style: Annotated[list[ImageInput], Field(max_length=3)] = []
    pair: tuple[ImageInput, ImageInput] | None = None
    either: ImageInput | list[ImageInput] | None = None
    size: int = 512


def test_fields_that_name_pictures_are_found() -> None:
    assert image_fields(Pictured) == {
        "image": False,
        "guide": False,
        "style": True,
        "pair": True,
        "either": True,
    }


def test_pictures_in_an_object_are_a_mistake_of_the_art() -> None:
    class Wrong(ArtRequest):
        model: str = "none"
        masks: dict[str, ImageInput] = {}

    with pytest.raises(TypeError, match="masks"):
        image_fields(Wrong)


@pytest.mark.parametrize(
    "text",
    [
        *(STORED, OUTPUT, URI, "DATA:IMAGE/PNG;BASE64,AAAA"),
        "data:image/svg+xml;charset=utf-8;base64,AAAA",
        "https://example.com/a.png?size=1",
    ],
)
def test_reference_is_kept_as_it_came(text: str) -> None:
    assert Pictured(image=text).image == text


@pytest.mark.parametrize(
    "text",
    [
        *("", "photo.jpg", "asset:", f"asset:{'0A' * 32}", f"asset:{'0' * 65}", STORED + "\n"),
        *("job:x/0", f"job:{'0' * 26}", f"job:{'0' * 26}/01", f"job:{'0' * 26}/-1"),
        *("data:image/png,AAAA", "data:text/plain;base64,AAAA", "data:;base64,AAAA"),
        *("http://example.com/a.png", "https://", "https://a/b c", "https://a/\n", "/etc/passwd"),
        *("file:///etc/passwd", "HTTPS://a/", "https://bücher.example/", "https://" + "a" * 2001),
        "data:image/" + "x" * 300 + ";base64,AA",
    ],
)
def test_what_is_no_reference_is_refused_with_the_right_forms(text: str) -> None:
    with pytest.raises(ValidationError, match="asset:<sha256>, job:<id>"):
        Pictured(image=text)


def test_every_picture_is_yielded_with_its_place() -> None:
    request = Pictured(image=URI, style=[STORED, OUTPUT], pair=(URI, STORED))

    assert list(references(request)) == [
        ("image", None, URI),
        ("style", 0, STORED),
        ("style", 1, OUTPUT),
        ("pair", 0, URI),
        ("pair", 1, STORED),
    ]


def test_resolved_request_names_assets_and_is_otherwise_the_same() -> None:
    request = Pictured(image=URI, style=[OUTPUT, STORED], pair=(URI, URI), size=64)
    found = {URI: f"asset:{'1' * 64}", OUTPUT: f"asset:{'2' * 64}", STORED: STORED}

    resolved = with_images(request, found)

    assert {ref for _, _, ref in references(resolved)} == set(found.values())
    assert resolved.style == [found[OUTPUT], STORED]
    assert resolved.pair == (found[URI],) * 2
    assert resolved.size == 64
    assert Pictured.model_validate_json(resolved.model_dump_json()) == resolved
