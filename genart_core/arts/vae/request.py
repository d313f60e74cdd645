"""What a caller of `vae-sample` and `vae-edit` sends, and what is refused before it is queued."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from genart_core.bounds import check_pixels
from genart_core.errors import RefusedError
from genart_core.latents import (
    MAX_LATENT,
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
from genart_core.request import ArtRequest, ImageInput, Seed, hints

MAX_CELLS = 16  # across and down
MAX_SCALE = 8
PAINTING = 3  # decoding a picture takes so many times as long as writing it at scale 1
SAMPLE_LEVERS = ("scale", "count", "frames", "rows", "columns")
EDIT_LEVERS = ("scale",)

LAYOUTS: dict[str, Layout] = {
    "sample": "images",
    "point": "images",
    "grid": "sheet",
    "walk": "film",
}

ConceptName = Annotated[str, Field(min_length=1, max_length=100)]
Strength = Annotated[float, Field(ge=-20.0, le=20.0)]
Concepts = Annotated[dict[ConceptName, Strength], Field(max_length=100)]
Axis = Annotated[int, Field(ge=0, lt=MAX_LATENT)] | ConceptName
Extent = Annotated[list[Strength], Field(min_length=2, max_length=2)]


class VaeSampleRequest(ArtRequest):
    """Pictures from points among a network's codes: drawn, given, on a grid or along a walk."""

    mode: Literal["sample", "point", "grid", "walk"] = Field(
        default="sample",
        title="Mode",
        description="`sample` draws `count` points, `point` takes `latents`, `grid` moves one "
        "point along two directions, `walk` goes from point to point.",
        examples=["sample"],
    )
    count: Count = 1
    source: Literal["mixture", "prior"] = Field(
        default="mixture",
        title="Source",
        description="Where points are drawn from: the mixture of Gaussians that was fitted to the "
        "codes of real pictures, or the `prior` N(0, 1) brought to the mean and the covariance of "
        "those codes, as one Gaussian.",
        json_schema_extra=hints(advanced=True),
    )
    temperature: float = Field(
        default=1.0,
        title="Temperature",
        description="How far drawn points lie from their Gaussian's centre: 0 gives the centres, "
        "1 the model's own spread, more is wilder.",
        ge=0.0,
        le=4.0,
    )
    latents: Annotated[
        list[Point] | None,
        points_for("what `point` shows, what `walk` passes, or the one that `grid` moves"),
    ] = None
    seeds: Annotated[
        list[Seed] | None,
        seeds_for("The points that `walk` passes, or the one that `grid` moves,", least=1),
    ] = None
    concepts: Concepts = Field(
        default={},
        title="Concepts",
        description="Concepts to add to every point: {name: strength}; 1 is the distance between "
        "pictures without and with it. A point goes no further than codes of real pictures lie. "
        "Each model's concepts stand in `GET /v1/models/{name}`.",
        examples=[{}],
    )
    across: Axis = Field(
        default=0,
        title="Across",
        description="What a grid moves from left to right: a concept, or the place of a number of "
        "the code, from 0.",
        json_schema_extra=hints(advanced=True),
    )
    down: Axis = Field(
        default=1,
        title="Down",
        description="What a grid moves from top to bottom, likewise.",
        json_schema_extra=hints(advanced=True),
    )
    across_range: Extent = Field(
        default=[-2.0, 2.0],
        title="Range across",
        description="What is added at the left and at the right edge.",
        json_schema_extra=hints(advanced=True),
    )
    down_range: Extent = Field(
        default=[-2.0, 2.0],
        title="Range down",
        description="What is added at the upper and at the lower edge.",
        json_schema_extra=hints(advanced=True),
    )
    columns: int = Field(
        default=8,
        title="Columns",
        description="Pictures across a grid, and across the sheet that `layout` makes of samples.",
        ge=1,
        le=MAX_CELLS,
        json_schema_extra=hints(advanced=True),
    )
    rows: int = Field(
        default=8,
        title="Rows",
        description="Pictures down a grid.",
        ge=1,
        le=MAX_CELLS,
        json_schema_extra=hints(advanced=True),
    )
    frames: Frames = 48
    path: WalkPath = "slerp"
    loop: Loop = True
    frame_ms: FrameTime = 80
    layout: Annotated[Layout | None, laid_out("a sheet for `grid`, a film for `walk`")] = None
    scale: Annotated[int, enlarged_up_to(MAX_SCALE, LAYOUTS)] = SCALE
    resample: Resample = "lanczos"
    model: str = Field(
        default="portraits",
        title="Model",
        description="Which network decodes.",
        max_length=100,
        examples=["portraits"],
    )
    format: ShownFormat = None

    @model_validator(mode="before")
    @classmethod
    def _with_defaults(cls, data: Any) -> Any:
        return with_layout(data, LAYOUTS)

    @model_validator(mode="after")
    def _agrees(self) -> "VaeSampleRequest":
        check_agreement(self, seeded=("grid", "walk"))
        points = self.latents or self.seeds or ()
        if self.mode == "grid" and len(points) > 1:
            raise ValueError(f"latents: mode grid moves one point, not {len(points)}")
        return self

    @property
    def points(self) -> int:
        """How many points are given or drawn, before what is made of them."""
        given = self.latents or self.seeds
        if given:
            return len(given)
        return {"grid": 1, "walk": max(2, self.count)}.get(self.mode, self.count)

    @property
    def pictures(self) -> int:
        """How many pictures are decoded."""
        sizes = {"grid": self.rows * self.columns, "walk": self.frames}
        return sizes.get(self.mode, self.points)


class VaeEditRequest(ArtRequest):
    """A picture as a network would paint it, moved along concepts or towards another picture."""

    image: ImageInput = Field(
        title="Image",
        description="The picture to encode; the square at its centre is taken, at the model's "
        "size. Without concepts it comes back as the network reconstructs it.",
    )
    concepts: Concepts = Field(
        default={},
        title="Concepts",
        description="Concepts to add, {name: strength}: 1 is the distance between pictures "
        "without and with it, negative takes it away. The picture goes no further than codes of "
        "real ones lie. Each model's concepts stand in `GET /v1/models/{name}`.",
        examples=[{"smile": 1.0}],
    )
    mix: ImageInput | None = Field(
        default=None,
        title="Mix",
        description="A second picture to mix with the first, before concepts are added.",
        json_schema_extra=hints(advanced=True),
    )
    mix_weight: float = Field(
        default=0.5,
        title="Mix weight",
        description="How much of the second picture: 0 is none of it, 1 nothing else.",
        ge=0.0,
        le=1.0,
        json_schema_extra=hints(advanced=True),
    )
    scale: Annotated[int, enlarged_up_to(MAX_SCALE)] = SCALE
    resample: Resample = "lanczos"
    model: str = Field(
        default="portraits",
        title="Model",
        description="Which network encodes and decodes.",
        max_length=100,
        examples=["portraits"],
    )
    format: Literal["png", "jpeg", "webp"] = Field(
        default="png",
        title="Format",
        description="Format of the output.",
        json_schema_extra=hints(advanced=True),
    )

    @property
    def pictures(self) -> int:
        """How many pictures are decoded."""
        return 1


def batch_key(request: VaeSampleRequest | VaeEditRequest) -> str:
    """Jobs on the same model share a forward pass, whatever else they ask for."""
    return request.model


def sample_cost(request: VaeSampleRequest) -> float:
    """Return the number of pictures, enlarged and written ones counting accordingly more."""
    return request.pictures * (1 + request.scale**2 / PAINTING)


def edit_cost(request: VaeEditRequest) -> float:
    """Return the number of pictures read, decoded, enlarged and written, in the same way."""
    return (1.0 if request.mix is None else 2.0) + 1 + request.scale**2 / PAINTING


def check_sample(request: VaeSampleRequest, card: Mapping[str, Any], memory: int | None) -> None:
    """Refuse points of another length, concepts that the model hasn't, and what is too large.

    Raises:
        RefusedError: naming what is known, or what would fit.
    """
    latent = card.get("latent")
    if latent is None:
        return
    check_points(request.latents, latent, request.model)
    check_concepts(request.concepts, card, request.model)
    check_pixels(request, card.get("size", 0), memory, SAMPLE_LEVERS)
    if request.mode == "grid":
        for field, axis in (("across", request.across), ("down", request.down)):
            if isinstance(axis_of(axis), str):
                check_concepts({str(axis): 0.0}, card, request.model, field=field)
            elif int(axis) >= latent:
                told = f"There is no number {axis} in a code of {latent}"
                raise RefusedError(field, f"{told}; they go from 0 to {latent - 1}")


def check_edit(request: VaeEditRequest, card: Mapping[str, Any], memory: int | None) -> None:
    """Refuse concepts that the model hasn't, and what is too large.

    Raises:
        RefusedError: naming those there are, or the scale that would fit.
    """
    if "latent" in card:
        check_concepts(request.concepts, card, request.model)
        check_pixels(request, card.get("size", 0), memory, EDIT_LEVERS)


def check_concepts(
    concepts: Mapping[str, float], card: Mapping[str, Any], model: str, field: str = "concepts"
) -> None:
    """Refuse unknown concepts.

    Raises:
        RefusedError: naming those there are.
    """
    known = [str(each["name"]) for each in card.get("concepts", ())]
    if unknown := [name for name in concepts if name not in known]:
        there = ", ".join(known) or "none; train with --labels to have some"
        raise RefusedError(field, f"Unknown concepts {', '.join(unknown)}; {model} has {there}")


def axis_of(axis: int | str) -> int | str:
    """Return an axis, whose number may have come as text."""
    return int(axis) if str(axis).isascii() and str(axis).isdigit() else axis
