"""What a caller of `gan-sample` sends, and what is refused before it is queued."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, create_model, model_validator

from genart_core.bounds import check_pixels
from genart_core.errors import RefusedError
from genart_core.request import ArtRequest, Seed, hints

MAX_COUNT = 64
MAX_FRAMES = 600
MAX_SCALE = 16
MAX_LATENT = 1024
PAINTING = 3  # drawing a picture takes so many times as long as writing it at scale 1
LEVERS = ("scale", "count", "frames")

LAYOUTS = {"sample": "images", "point": "images", "walk": "film"}

Number = Annotated[float, Field(ge=-100.0, le=100.0)]
Point = Annotated[list[Number], Field(min_length=1, max_length=MAX_LATENT)]
Wish = Annotated[int, Field(ge=0, le=100_000)] | Annotated[str, Field(min_length=1, max_length=100)]


def _listed(value: object) -> object:
    return [value] if isinstance(value, int | str) and not isinstance(value, bool) else value


Wishes = Annotated[
    list[Wish],
    BeforeValidator(_listed, json_schema_input_type=Wish | list[Wish]),
    Field(min_length=1, max_length=MAX_COUNT),
]
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
    count: int = Field(
        default=1,
        title="Count",
        description="How many pictures to draw; picture i draws from (seed, i). For `walk`, "
        "how many points to pass unless they are given (at least 2).",
        ge=1,
        le=MAX_COUNT,
        examples=[16],
    )
    truncation: float = Field(
        default=1.0,
        title="Truncation",
        description="How much of the normal distribution latents are drawn from: its central "
        "share. 1 is all of it; 0.68 keeps them below 1, so that pictures are more typical and "
        "more alike. The same seed stays the same picture, less or more extreme.",
        gt=0.0,
        le=1.0,
        examples=[0.9],
    )
    latents: list[Point] | None = Field(
        default=None,
        title="Points",
        description="Points by their numbers, as a job's `result.latents` has them: what `point` "
        "shows or what `walk` passes. Left out: drawn.",
        min_length=1,
        max_length=MAX_COUNT,
        json_schema_extra=hints(advanced=True),
    )
    seeds: list[Seed] | None = Field(
        default=None,
        title="Seeds",
        description="The points that `walk` passes by the seeds that draw them, as a job's "
        "`result.seeds` has them.",
        min_length=2,
        max_length=MAX_COUNT,
        json_schema_extra=hints(advanced=True),
    )
    columns: int = Field(
        default=8,
        title="Columns",
        description="Pictures across a sheet.",
        ge=1,
        le=32,
        json_schema_extra=hints(advanced=True),
    )
    frames: int = Field(
        default=48,
        title="Frames",
        description="Pictures of a walk, the points that it passes among them.",
        ge=2,
        le=MAX_FRAMES,
        json_schema_extra=hints(advanced=True),
    )
    path: Literal["slerp", "lerp"] = Field(
        default="slerp",
        title="Path",
        description="How a walk goes from point to point: along a great circle, where Gaussian "
        "latents lie (`slerp`), or straight (`lerp`).",
        json_schema_extra=hints(advanced=True),
    )
    loop: bool = Field(
        default=True,
        title="Loop",
        description="Whether a walk returns to its first point, so that a film repeats smoothly.",
        json_schema_extra=hints(advanced=True),
    )
    frame_ms: int = Field(
        default=80,
        title="Frame time",
        description="Milliseconds that a frame of a film stays.",
        ge=20,
        le=5000,
        json_schema_extra=hints(unit="ms", advanced=True),
    )
    layout: Literal["images", "sheet", "film"] | None = Field(
        default=None,
        title="Layout",
        description="One output per picture (`images`, up to 64), one `sheet` with all of them, "
        "or a `film`. Left out: a film for `walk`, else images.",
        json_schema_extra=hints(advanced=True),
    )
    scale: int = Field(
        default=1,
        title="Scale",
        description="Each picture is enlarged so many times. 1 is the model's own size.",
        ge=1,
        le=MAX_SCALE,
        examples=[4],
    )
    resample: Literal["lanczos", "nearest"] = Field(
        default="lanczos",
        title="Enlargement",
        description="How pictures are enlarged: `lanczos` smoothly, `nearest` into squares.",
        json_schema_extra=hints(advanced=True),
    )
    model: str = Field(
        default="cifar10",
        title="Model",
        description="Which generator draws.",
        max_length=100,
        examples=["cifar10"],
    )
    format: Literal["png", "jpeg", "webp", "gif"] | None = Field(
        default=None,
        title="Format",
        description="Format of the outputs: `webp` or `gif` for a film, `png`, `jpeg` or `webp` "
        "else. Left out: webp for a film, else png.",
        json_schema_extra=hints(advanced=True),
    )

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, data: Any) -> Any:
        """Put layout and format in that go with the mode, so that the record shows them."""
        if not isinstance(data, dict):
            return data
        mode = data.get("mode", "sample")
        layout = data.get("layout") or (LAYOUTS.get(mode) if isinstance(mode, str) else None)
        format = data.get("format") or ("webp" if layout == "film" else "png")
        return {**data, "layout": layout, "format": format}

    @model_validator(mode="after")
    def _agrees(self) -> "GanSampleRequest":
        if (self.layout == "film") != (self.format == "gif") and self.format != "webp":
            is_film = self.layout == "film"
            told = "a film is webp or gif" if is_film else "still pictures are png, jpeg or webp"
            raise ValueError(f"format: {told}, not {self.format}")
        if self.mode == "point" and self.latents is None:
            raise ValueError("latents: mode point needs at least one point")
        if self.latents is not None and (self.mode == "sample" or self.seeds is not None):
            given = "seeds are given" if self.seeds is not None else "mode sample draws its points"
            raise ValueError(f"latents: {given}, so that there is no use for them")
        if self.seeds is not None and self.mode != "walk":
            raise ValueError(f"seeds: mode {self.mode} has no use for them")
        if self.mode == "walk" and self.latents is not None and len(self.latents) == 1:
            raise ValueError("latents: mode walk passes at least two points, not 1")
        if self.layout == "images" and self.pictures > MAX_COUNT:
            raise ValueError(
                f"layout: {self.pictures} pictures are too many for one output each; at most "
                f"{MAX_COUNT}, or a sheet or a film"
            )
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
    for place, point in enumerate(request.latents or ()):
        if len(point) != card["latent"]:
            told = f"Point {place} has {len(point)} numbers; {request.model} takes {card['latent']}"
            raise RefusedError("latents", told)
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
