"""What a caller of `style` sends, and what is refused before it is queued."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from genart_core.arts.style import memory
from genart_core.arts.style.layers import Layers, choose_layers
from genart_core.bounds import advice
from genart_core.errors import RefusedError
from genart_core.request import ArtRequest, ImageInput, hints

MAX_STYLES = 8
MAX_SIZE = 2048
MAX_STYLE_SIZE = 4096
LEVERS = ("iterations", "size")
COARSEST = 128  # pixels: below, paintings have no strokes left that a network could see


class Preset(NamedTuple):
    """How much work a preset is: iterations at each scale, and at most so many scales."""

    iterations: int
    scales: int


PRESETS = {"draft": Preset(30, 3), "good": Preset(60, 4), "best": Preset(150, 5)}

LayerName = Annotated[str, Field(min_length=1, max_length=100)]
LayerWeight = Annotated[float, Field(gt=0.0, le=1e6)]
LayerChoice: TypeAlias = (
    Annotated[list[LayerName], Field(min_length=1, max_length=64)]
    | Annotated[dict[LayerName, LayerWeight], Field(min_length=1, max_length=64)]
)
BlendWeight = Annotated[float, Field(ge=0.0, le=1e6)]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


SomePictures = Annotated[list[ImageInput], Field(min_length=1, max_length=MAX_STYLES)]
Pictures = Annotated[
    list[ImageInput],
    BeforeValidator(_listed, json_schema_input_type=ImageInput | SomePictures),
]


class StyleRequest(ArtRequest):
    """The content picture, painted in the manner of the style pictures."""

    content: ImageInput = Field(
        title="Content",
        description="The picture to paint anew. Its layout and objects are kept.",
    )
    style: Pictures = Field(
        title="Style",
        description="The painting whose manner is taken, or up to 8 of them to be blended.",
        min_length=1,
        max_length=MAX_STYLES,
    )
    style_weights: list[BlendWeight] | None = Field(
        default=None,
        title="Style weights",
        description="How much each style counts; they are brought to a sum of 1. Left out: all "
        "alike.",
        min_length=1,
        max_length=MAX_STYLES,
        examples=[[1.0]],
        json_schema_extra=hints(advanced=True),
    )
    masks: Annotated[list[ImageInput], BeforeValidator(_listed)] = Field(
        default=[],
        title="Masks",
        description="Where each style acts, one picture per style in their order: white is here, "
        "black is not, grey in between. Each is stretched over the content picture. Where no "
        "mask is white, the content picture stays as it is.",
        max_length=MAX_STYLES,
        json_schema_extra=hints(advanced=True),
    )
    content_weight: float = Field(
        default=1.0,
        title="Content weight",
        description="How much the content loss counts: the squared distance to the content "
        "picture's activations, relative to their own square. 0 forgets the content picture.",
        ge=0.0,
        le=1e6,
        json_schema_extra=hints(advanced=True),
    )
    style_weight: float = Field(
        default=10.0,
        title="Style weight",
        description="How much the style loss counts: the squared distance to the style's Gram "
        "matrices, relative to their own square.",
        ge=0.0,
        le=1e6,
        examples=[30.0],
    )
    tv_weight: float = Field(
        default=4.0,
        title="Total variation weight",
        description="How much the smoothness counts: the mean squared difference of neighbouring "
        "pixels. 0 is off.",
        ge=0.0,
        le=1e6,
        json_schema_extra=hints(advanced=True),
    )
    content_layers: LayerChoice | None = Field(
        default=None,
        title="Content layers",
        description="Layers whose activations are kept: a list of names, or an object of names "
        "and weights. Left out: the second layer at stride 8, as relu4_2 of VGG.",
        examples=[["relu4_2"]],
        json_schema_extra=hints(advanced=True),
    )
    style_layers: LayerChoice | None = Field(
        default=None,
        title="Style layers",
        description="Layers whose Gram matrices are matched: a list of names, or an object of "
        "names and weights. Left out: the first layer at each stride up to 16, as relu1_1 to "
        "relu5_1 of VGG.",
        examples=[{"relu1_1": 1.0, "relu2_1": 1.0, "relu3_1": 0.5}],
        json_schema_extra=hints(advanced=True),
    )
    init: Literal["content", "style", "noise"] = Field(
        default="content",
        title="Start",
        description="What the first scale starts from: the content picture, the first style "
        "picture, or noise drawn from the seed.",
        json_schema_extra=hints(advanced=True),
    )
    optimizer: Literal["lbfgs", "adam"] = Field(
        default="lbfgs",
        title="Optimiser",
        description="`lbfgs` gets far in few iterations; `adam` gives the mean of its iterates, "
        "which is smoother, and takes some five times as many.",
        json_schema_extra=hints(advanced=True),
    )
    preset: Literal["draft", "good", "best"] = Field(
        default="good",
        title="Preset",
        description="How much work to put in, for `iterations` and `scales` that are left out: "
        + ", ".join(f"{n} is {p.iterations} at up to {p.scales} scales" for n, p in PRESETS.items())
        + "; `adam` takes 5 times the iterations.",
        json_schema_extra=hints(
            presets={name: preset._asdict() for name, preset in PRESETS.items()}
        ),
    )
    iterations: int | None = Field(
        default=None,
        title="Iterations",
        description="Evaluations of the losses and their gradient, at each scale. "
        "Left out: as the preset says.",
        ge=1,
        le=2000,
        examples=[100],
        json_schema_extra=hints(advanced=True),
    )
    scales: int | None = Field(
        default=None,
        title="Scales",
        description="Sizes to work at, from coarse to fine, each sqrt(2) times the one before. "
        "Coarse scales bring in the large forms of a style. Left out: as the preset says, but "
        f"none below {COARSEST} pixels.",
        ge=1,
        le=10,
        examples=[1],
        json_schema_extra=hints(advanced=True),
    )
    preserve_colors: Literal["none", "luma", "coral"] = Field(
        default="none",
        title="Preserve colours",
        description="`luma` gives the result the content picture's colours and keeps only its "
        "brightness; `coral` gives the styles the content picture's colours before, by matching "
        "mean and covariance (Sun et al., arXiv:1511.05547).",
    )
    style_scale: float = Field(
        default=1.0,
        title="Style scale",
        description="Longest side of the style pictures, in units of the result's: small gives "
        "fine strokes, large gives broad ones.",
        ge=0.1,
        le=4.0,
        examples=[0.5],
    )
    size: int = Field(
        default=512,
        title="Size",
        description="Longest side of the result in pixels.",
        ge=64,
        le=MAX_SIZE,
        json_schema_extra=hints(unit="px"),
    )
    model: str = Field(
        default="features",
        title="Model",
        description="The network whose layers see content and style.",
        max_length=100,
        examples=["features", "vgg19"],
    )
    format: Literal["png", "jpeg", "webp"] = Field(
        default="png",
        title="Format",
        description="File format of the result.",
        json_schema_extra=hints(advanced=True),
    )

    @model_validator(mode="after")
    def _agrees(self) -> "StyleRequest":
        styles = len(self.style)
        if self.masks and len(self.masks) != styles:
            raise ValueError(f"masks: {len(self.masks)} for {styles} styles; one each, or none")
        if self.style_weights is not None:
            if len(self.style_weights) != styles:
                raise ValueError(f"style_weights: {len(self.style_weights)} for {styles} styles")
            if not sum(self.style_weights):
                raise ValueError("style_weights: at least one must be above 0")
        if self.size * self.style_scale > MAX_STYLE_SIZE:
            raise ValueError(
                f"style_scale: {self.style_scale:g} at size {self.size} makes the styles larger "
                f"than {MAX_STYLE_SIZE} pixels"
            )
        if not self.content_weight and not self.style_weight:
            raise ValueError("content_weight and style_weight: at least one must be above 0")
        return self

    @property
    def blend(self) -> tuple[float, ...]:
        """The weight of each style; their sum is 1."""
        weights = self.style_weights or [1.0] * len(self.style)
        return tuple(weight / sum(weights) for weight in weights)

    @property
    def pictures(self) -> float:
        """Area of all styles and masks, in units of the result's, all taken as square."""
        return len(self.style) * self.style_scale**2 + len(self.masks)

    @property
    def evaluations(self) -> int:
        """Evaluations of the losses at each scale."""
        if self.iterations is not None:
            return self.iterations
        return PRESETS[self.preset].iterations * (5 if self.optimizer == "adam" else 1)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Longest side at each scale, from coarse to fine."""
        wanted = self.scales or PRESETS[self.preset].scales
        found = [round(self.size / 2 ** (k / 2)) for k in range(wanted)]
        floor = 1 if self.scales else COARSEST
        return tuple(reversed([size for size in found if size >= floor] or [self.size]))


def batch_key(request: StyleRequest) -> str:
    """Jobs are made one by one; equal models follow each other, so that weights stay."""
    return request.model


def cost(request: StyleRequest) -> float:
    """Return evaluations times millions of pixels, of a square picture."""
    return request.evaluations * sum(size * size for size in request.sizes) / 1e6


def check(request: StyleRequest, card: Mapping[str, Any], memory_bytes: int | None) -> None:
    """Refuse layers that the model hasn't, and a size that no worker has the memory for.

    The shape of the content picture isn't known here, so it is taken as square.

    Raises:
        RefusedError: naming the layers there are, or the size that would fit.
    """
    if "layers" not in card:
        return
    layers = choose_layers(request.content_layers, request.style_layers, card["layers"])
    if memory_bytes is not None:
        _check_memory(request, layers, memory_bytes)


def _check_memory(request: StyleRequest, layers: Layers, available: int) -> None:
    needs = memory.Needs.of(layers, lbfgs=request.optimizer == "lbfgs", pictures=request.pictures)
    if needs.least(request.size) <= available:
        return
    fitting = needs.largest_size(available)
    fits = {"size": fitting} if fitting >= 64 else {}
    raise RefusedError(
        "size",
        f"size {request.size} takes {needs.least(request.size) / 1e9:.1f} GB even in tiles, "
        f"and the largest worker has {available / 1e9:.1f} GB; {advice(fits)}",
        "too_large",
        fits,
    )
