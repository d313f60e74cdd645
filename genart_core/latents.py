"""What requests for pictures of latent points have in common: fields, and what must agree in them.

The arts that draw points, take them as numbers and walk between them put these into their own
requests; each says for itself what its modes are.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field
from pydantic.config import JsonDict, JsonValue

from genart_core.errors import RefusedError
from genart_core.request import hints

MAX_COUNT = 64
MAX_FRAMES = 600
MAX_LATENT = 1024

Number = Annotated[float, Field(ge=-100.0, le=100.0)]
Point = Annotated[list[Number], Field(min_length=1, max_length=MAX_LATENT)]
Layout = Literal["images", "sheet", "film"]
# Networks paint thumbnails: enlarged so many times they can be looked at.
SCALE, SMALL_SCALE = 4, 2
LONG = 200  # frames
Count = Annotated[
    int,
    Field(
        title="Count",
        description="How many pictures to draw; picture i draws from (seed, i). For `walk`, "
        "how many points to pass unless they are given (at least 2).",
        ge=1,
        le=MAX_COUNT,
        examples=[16],
    ),
]
Frames = Annotated[
    int,
    Field(
        title="Frames",
        description="Pictures of a walk, the points that it passes among them.",
        ge=2,
        le=MAX_FRAMES,
        json_schema_extra=hints(advanced=True),
    ),
]
WalkPath = Annotated[
    Literal["slerp", "lerp"],
    Field(
        title="Path",
        description="How a walk goes from point to point: along a great circle, where Gaussian "
        "points lie (`slerp`), or straight (`lerp`).",
        json_schema_extra=hints(advanced=True),
    ),
]
Loop = Annotated[
    bool,
    Field(
        title="Loop",
        description="Whether a walk returns to its first point, so that a film repeats smoothly.",
        json_schema_extra=hints(advanced=True),
    ),
]
FrameTime = Annotated[
    int,
    Field(
        title="Frame time",
        description="Milliseconds that a frame of a film stays.",
        ge=20,
        le=5000,
        json_schema_extra=hints(unit="ms", advanced=True),
    ),
]
Resample = Annotated[
    Literal["lanczos", "nearest"],
    Field(
        title="Enlargement",
        description="How pictures are enlarged: `lanczos` smoothly, `nearest` into squares.",
        json_schema_extra=hints(advanced=True),
    ),
]
ShownFormat = Annotated[
    Literal["png", "jpeg", "webp", "gif"] | None,
    Field(
        title="Format",
        description="Format of the outputs: `webp` or `gif` for a film, `png`, `jpeg` or `webp` "
        "else. Left out: webp for a film, else png.",
        json_schema_extra=hints(advanced=True),
    ),
]


def enlarged_up_to(most: int, layouts: Mapping[str, Layout] | None = None) -> Any:
    """Return the field `scale`, up to `most`, of a kind with these layouts by mode, if any."""
    smaller = f", and {SMALL_SCALE} on a sheet or for more than {LONG} frames" if layouts else ""
    return Field(
        title="Scale",
        description="Each picture is enlarged so many times; 1 is the model's own size. Left out: "
        f"{SCALE}{smaller}.",
        ge=1,
        le=most,
        examples=[SCALE],
        json_schema_extra=hints(defaults=_smaller(layouts) if layouts else ()),
    )


def points_for(uses: str) -> Any:
    """Return the field `latents`, of points whose `uses` are told."""
    return Field(
        title="Points",
        description="Points by their numbers, as a job's `result.latents` has them: "
        f"{uses}. Left out: drawn.",
        min_length=1,
        max_length=MAX_COUNT,
        json_schema_extra=hints(advanced=True),
    )


def seeds_for(uses: str, *, least: int) -> Any:
    """Return the field `seeds`, of points whose `uses` are told."""
    return Field(
        title="Seeds",
        description=f"{uses} by the seeds that draw them, as a job's `result.seeds` has them.",
        min_length=least,
        max_length=MAX_COUNT,
        json_schema_extra=hints(advanced=True),
    )


def laid_out(otherwise: str) -> Any:
    """Return the field `layout`, whose default follows the mode as told."""
    return Field(
        title="Layout",
        description="One output per picture (`images`, up to 64), one `sheet` with all of them, "
        f"or a `film`. Left out: {otherwise}, else images.",
        json_schema_extra=hints(advanced=True),
    )


class Latents(Protocol):
    """A request for pictures of points."""

    @property
    def mode(self) -> str:
        """What is done with points: `sample`, `point`, `walk` and more."""

    @property
    def latents(self) -> list[list[float]] | None:
        """Points by their numbers."""

    @property
    def seeds(self) -> list[int] | None:
        """Points by what draws them."""

    @property
    def layout(self) -> Layout | None:
        """How pictures are laid out."""

    @property
    def format(self) -> str | None:
        """The format of the outputs."""

    @property
    def pictures(self) -> int:
        """How many pictures are made."""


def with_layout(data: Any, layouts: Mapping[str, Layout]) -> Any:
    """Put layout, format and scale in that go with the mode, so that the record shows them."""
    if not isinstance(data, dict):
        return data
    mode = data.get("mode", "sample")
    layout = data.get("layout") or (layouts.get(mode) if isinstance(mode, str) else None)
    format = data.get("format") or ("webp" if layout == "film" else "png")
    frames = data.get("frames") if mode == "walk" else None
    is_long = isinstance(frames, int) and frames > LONG
    scale = SMALL_SCALE if layout == "sheet" or is_long else SCALE
    return {"scale": scale, **data, "layout": layout, "format": format}


def _smaller(layouts: Mapping[str, Layout]) -> list[JsonDict]:
    """Return the rules by which `with_layout` takes the small scale, for forms."""
    sheets: list[JsonValue] = [mode for mode, layout in layouts.items() if layout == "sheet"]
    rules: list[JsonDict] = [
        {"layout": {"enum": ["sheet"]}},
        {"layout": {"enum": [None]}, "mode": {"enum": sheets}},
        {"mode": {"enum": ["walk"]}, "frames": {"minimum": LONG + 1}},
    ]
    return [{"when": rule, "value": SMALL_SCALE} for rule in rules]


def check_agreement(request: Latents, seeded: Sequence[str]) -> None:
    """Refuse formats that the layout can't have, and points that the mode doesn't take.

    `seeded` are the modes that take `seeds`.

    Raises:
        ValueError: naming the field.
    """
    if (request.layout == "film") != (request.format == "gif") and request.format != "webp":
        is_film = request.layout == "film"
        told = "a film is webp or gif" if is_film else "still pictures are png, jpeg or webp"
        raise ValueError(f"format: {told}, not {request.format}")
    if request.mode == "point" and request.latents is None:
        raise ValueError("latents: mode point needs at least one point")
    if request.latents is not None and (request.mode == "sample" or request.seeds is not None):
        is_seeded = request.seeds is not None
        given = "seeds are given" if is_seeded else "mode sample draws its points"
        raise ValueError(f"latents: {given}, so that there is no use for them")
    if request.seeds is not None and request.mode not in seeded:
        raise ValueError(f"seeds: mode {request.mode} has no use for them")
    if request.mode == "walk" and len(request.latents or request.seeds or ()) == 1:
        field = "latents" if request.latents else "seeds"
        raise ValueError(f"{field}: mode walk passes at least two points, not 1")
    if request.layout == "images" and request.pictures > MAX_COUNT:
        raise ValueError(
            f"layout: {request.pictures} pictures are too many for one output each; at most "
            f"{MAX_COUNT}, or a sheet or a film"
        )


def check_points(points: Sequence[Sequence[float]] | None, latent: int, model: str) -> None:
    """Refuse points of another length than a model's.

    Raises:
        RefusedError: telling both lengths.
    """
    for place, point in enumerate(points or ()):
        if len(point) != latent:
            told = f"Point {place} has {len(point)} numbers; {model} takes {latent}"
            raise RefusedError("latents", told)
