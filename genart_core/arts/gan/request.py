"""What a caller of `gan-sample` sends, and what is refused before it is queued."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, create_model, model_validator

from genart_core.bounds import check_pixels
from genart_core.errors import RefusedError
from genart_core.latents import (
    MAX_COUNT,
    SCALE,
    Count,
    Frames,
    FrameTime,
    Layout,
    Loop,
    Point,
    Resample,
    ShownFormat,
    WalkPath,
    check_agreement,
    check_points,
    enlarged_up_to,
    laid_out,
    points_for,
    seeds_for,
    with_layout,
)
from genart_core.request import ArtRequest, Seed, hints

MAX_SCALE = 16
PAINTING = 3  # drawing a picture takes so many times as long as writing it at scale 1
LEVERS = ("scale", "count", "frames")

LAYOUTS: dict[str, Layout] = {"sample": "images", "point": "images", "walk": "film"}

Wish = Annotated[int, Field(ge=0, le=100_000)] | Annotated[str, Field(min_length=1, max_length=100)]


def _listed(value: object) -> object:
    return [value] if isinstance(value, int | str) and not isinstance(value, bool) else value


SomeWishes = Annotated[list[Wish], Field(min_length=1, max_length=MAX_COUNT)]
Wishes = Annotated[SomeWishes, BeforeValidator(_listed, json_schema_input_type=Wish | SomeWishes)]
_CLASS = Field(
    default=None,
    title="Class",
    description="What to draw: a class by name or index, or a list of them that pictures take by "
    "turns. Left out, each picture's seed draws one. A model's classes stand in "
    "`GET /v1/models/{name}`.",
    examples=["horse"],
)
# `class` can be no attribute in Python's own syntax, but it can be a field.
if TYPE_CHECKING:
    _Classed = ArtRequest
else:
    _Classed = create_model("_Classed", __base__=ArtRequest, **{"class": (Wishes | None, _CLASS)})


class GanSampleRequest(_Classed):
    """Pictures that a generator draws: new ones, given ones, or on the way between some."""

    mode: Literal["sample", "point", "walk"] = Field(
        default="sample",
        title="Mode",
        description="`sample` draws `count` points, `point` takes `latents`, `walk` goes from "
        "point to point, and from class to class.",
        examples=["sample"],
    )
    count: Count = 1
    truncation: float = Field(
        default=1.0,
        title="Truncation",
        description="How far from typical pictures of their class those that are drawn may be: "
        "each keeps so much of its way from the nearest typical one. 1 is as drawn; less is "
        "better and more alike, and a seed's picture changes by and by.",
        gt=0.0,
        le=1.0,
        examples=[0.7],
    )
    latents: Annotated[
        list[Point] | None, points_for("what `point` shows or what `walk` passes")
    ] = None
    seeds: Annotated[list[Seed] | None, seeds_for("The points that `walk` passes", least=2)] = None
    columns: int = Field(
        default=8,
        title="Columns",
        description="Pictures across a sheet.",
        ge=1,
        le=32,
        json_schema_extra=hints(advanced=True),
    )
    frames: Frames = 48
    path: WalkPath = "slerp"
    loop: Loop = True
    frame_ms: FrameTime = 80
    layout: Annotated[Layout | None, laid_out("a film for `walk`")] = None
    scale: Annotated[int, enlarged_up_to(MAX_SCALE, LAYOUTS)] = SCALE
    resample: Resample = "lanczos"
    model: str = Field(
        default="cifar10",
        title="Model",
        description="Which generator draws.",
        max_length=100,
        examples=["cifar10"],
    )
    format: ShownFormat = None

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, data: Any) -> Any:
        return with_layout(data, LAYOUTS)

    @model_validator(mode="after")
    def _agrees(self) -> "GanSampleRequest":
        check_agreement(self, seeded=("walk",))
        return self

    @property
    def wishes(self) -> list[int | str] | None:
        """The classes to draw by turns, None if the seeds draw them."""
        found: list[int | str] | None = getattr(self, "class")
        return found

    @property
    def points(self) -> int:
        """How many points are given or drawn."""
        given = self.latents or self.seeds
        if given:
            return len(given)
        return max(2, self.count) if self.mode == "walk" else self.count

    @property
    def pictures(self) -> int:
        """How many pictures are drawn."""
        return self.frames if self.mode == "walk" else self.points


def batch_key(request: GanSampleRequest) -> str:
    """Jobs on the same model share a forward pass, whatever else they ask for."""
    return request.model


def cost(request: GanSampleRequest) -> float:
    """Return the number of pictures, enlarged and written ones counting accordingly more."""
    return request.pictures * (1 + request.scale**2 / PAINTING)


def check(request: GanSampleRequest, card: Mapping[str, Any], memory: int | None) -> None:
    """Refuse classes that the model hasn't, points of another length, and what is too large.

    Raises:
        RefusedError: naming what is known, or what would fit.
    """
    if "latent" not in card:
        return
    classes = [str(each.get("name", "")) for each in card.get("classes", ())]
    for wish in request.wishes or ():
        find_class(wish, classes)
    check_points(request.latents, card["latent"], request.model)
    check_pixels(request, card.get("size", 0), memory, LEVERS)


def find_class(wish: int | str, classes: Sequence[str]) -> int:
    """Return the index of a class given by index or name, in any case.

    Raises:
        RefusedError: if there is none, naming those there are.
    """
    if not classes:
        raise RefusedError("class", "This model has no classes; leave it out")
    known = ", ".join(classes[:50]) + (", …" if len(classes) > 50 else "")
    word = str(wish).strip().casefold()
    names = [name.casefold() for name in classes]
    if word in names:
        return names.index(word)
    if word.isascii() and word.isdigit():
        if int(word) < len(classes):
            return int(word)
        told = f"There is no class {word}; they go from 0 to {len(classes) - 1}: {known}"
        raise RefusedError("class", told)
    raise RefusedError("class", f"Unknown class {str(wish)!r}; known classes: {known}")
