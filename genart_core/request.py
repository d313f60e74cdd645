"""What all requests for an artwork have in common, and how they name pictures.

A field of type `ImageInput` holds a picture's reference: `asset:<sha256>` (one that is stored),
`job:<id>/<n>` (an output of another job), a `data:` URI (RFC 2397) or an `https:` address, where
whoever serves wants to fetch it. Whoever submits resolves it
(`with_images`), so that a record, and with it a generator, only ever has `asset:`.
"""

import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

NO_PRESETS: Mapping[str, Mapping[str, float]] = {}
MAX_SEED = 2**53 - 1  # the largest integer that JSON readers keep exactly

Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]

_STORED = re.compile(r"asset:[0-9a-f]{64}|job:[0-7][0-9a-hjkmnp-tv-z]{25}/(0|[1-9][0-9]{0,5})")
_ADDRESS = re.compile(r"https://[!-~]{1,2000}")
_DATA = re.compile(r"data:image/[!-+\--~]{1,150};base64,")  # whatever follows
_FORM = f"^({_STORED.pattern}|{_ADDRESS.pattern}|{_DATA.pattern}[^\\n]*)$"
_ANY_PICTURE = f"asset:{'0' * 64}"
_MAX_URI_HEAD = 200  # characters before the comma of a data URI


class _ImageMark:
    """Tells a field that names a picture from other texts."""


def _reference(text: str) -> str:
    head, comma, _ = text[:_MAX_URI_HEAD].partition(",")
    head = head.lower()
    is_uri = comma and head.startswith("data:image/") and head.endswith(";base64")
    if is_uri or _STORED.fullmatch(text) or _ADDRESS.fullmatch(text):
        return text
    raise PydanticCustomError(
        "image_reference",
        "A picture is asset:<sha256>, job:<id>/<number of its output>, "
        "data:image/...;base64,... or https://...; in a form it can be a file",
    )


ImageInput = Annotated[
    str,
    _ImageMark(),
    AfterValidator(_reference),
    Field(json_schema_extra={"format": "image-reference", "pattern": _FORM}),
]
"""A picture by reference. In a form, a file under the field's name gives it."""


def hints(
    *,
    unit: str = "",
    advanced: bool = False,
    presets: Mapping[str, Mapping[str, float]] = NO_PRESETS,
    defaults: Sequence[JsonDict] = (),
) -> JsonDict:
    """Return what a form may want to know of a field, for its JSON schema.

    `advanced` fields can be folded away; of a field named `preset`, `presets` are the values that
    each choice gives to other fields. `defaults` are rules for a default that follows other fields:
    the `value` of the first holds `when` all the fields that it names are as it says, by `enum`,
    `minimum` or `said`.
    """
    known: JsonDict = {}
    if unit:
        known["x-unit"] = unit
    if advanced:
        known["x-advanced"] = True
    if presets:
        known["x-presets"] = {name: dict(values) for name, values in presets.items()}
    if defaults:
        known["x-defaults"] = list(defaults)
    return known


class ArtRequest(BaseModel):
    """Fields that every kind takes; an art adds its own and narrows `model` and `format`.

    Validation is strict: `"400"` is no number and unknown fields, NaN and infinity are errors, so
    that a typing slip is told to the caller rather than guessed away.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)

    seed: Seed | None = Field(
        default=None,
        title="Seed",
        description="Starting point of the random numbers: the same seed gives the same artwork. "
        "Left out, one is drawn at submit and shown in the job's `request.seed`.",
        examples=[1],
    )
    model: str = Field(title="Model", description="Name of the weights to use.", max_length=100)


R = TypeVar("R", bound=ArtRequest)


@cache
def image_fields(request_class: type[BaseModel]) -> dict[str, bool]:
    """Return the fields that name pictures; True for those that take a list of them.

    Raises:
        TypeError: if a field holds pictures in something else than a list.
    """
    found = {}
    for name, field in request_class.model_fields.items():
        if _is_marked(field.metadata):
            found[name] = False
        elif (takes_list := _holds_list(field.annotation, name)) is not None:
            found[name] = takes_list
    return found


def example_of(request_class: type[BaseModel]) -> dict[str, Any]:
    """Return a request of this kind, from the examples of its fields."""
    pictures = image_fields(request_class)
    found: dict[str, Any] = {}
    for name, field in request_class.model_fields.items():
        if field.examples:
            found[name] = field.examples[0]
        elif name in pictures and field.is_required():
            found[name] = [_ANY_PICTURE] if pictures[name] else _ANY_PICTURE
    return found


def _is_marked(metadata: object) -> bool:
    return isinstance(metadata, list | tuple) and any(isinstance(m, _ImageMark) for m in metadata)


def _holds_list(annotation: object, name: str) -> bool | None:
    """Return whether a type takes a list of pictures, None if it takes none at all."""
    if _is_marked(getattr(annotation, "__metadata__", ())):
        return False
    found = {_holds_list(part, name) for part in get_args(annotation)} - {None}
    if not found:
        return None
    outer = get_origin(annotation)
    if outer in (list, tuple):
        return True
    if outer is dict:
        raise TypeError(f"{name} holds pictures in an object; a form can't fill it")
    return True in found


def references(request: ArtRequest) -> Iterator[tuple[str, int | None, str]]:
    """Yield (field, place in its list or None, reference) of each picture that is named."""
    for name in image_fields(type(request)):
        value = getattr(request, name)
        if isinstance(value, str):
            yield name, None, value
        elif value is not None:
            yield from ((name, place, text) for place, text in enumerate(value))


def with_images(request: R, resolved: Mapping[str, str]) -> R:
    """Return the request with each reference replaced by what it stands for."""

    def renamed(value: Any) -> Any:
        if value is None or isinstance(value, str):
            return value if value is None else resolved[value]
        return type(value)(resolved[text] for text in value)

    names = image_fields(type(request))
    return request.model_copy(update={name: renamed(getattr(request, name)) for name in names})


def draw_seed() -> int:
    """Return a fresh seed in [0, MAX_SEED]."""
    return secrets.randbelow(MAX_SEED + 1)


def sample_seed(seed: int, index: int) -> int:
    """Return the seed of sample `index`: asked for alone, it gives the same again."""
    if index == 0:
        return seed
    digest = hashlib.sha256(f"{seed}/{index}".encode()).digest()
    return int.from_bytes(digest[:8], "little") % (MAX_SEED + 1)
