"""What a caller of `dream` sends."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from genart_core.arts.dream.presets import CLASS_VALUES, DEFAULT, PRESETS, layers_at
from genart_core.bounds import advice
from genart_core.errors import RefusedError
from genart_core.request import ArtRequest, ImageInput, hints

MAX_SIZE = 4096
MAX_LOSS = 1e12
LOGITS = "logits"
# Per pixel of the output; 184 were seen with a Laplacian pyramid, fifteen pictures of three floats.
PICTURE_BYTES = 200
LEVERS = ("iterations", "size", "octaves")
SMALLEST_WINDOW = 256  # pixels; below, most of what a deep layer sees would lie outside

LayerName = Annotated[str, Field(min_length=1, max_length=100)]
ClassIndex = Annotated[int, Field(ge=0, le=100_000)]
Weight = Annotated[float, Field(ge=-1000.0, le=1000.0)]
Channels = Annotated[
    list[Annotated[int, Field(ge=0, le=100_000)]], Field(min_length=1, max_length=1000)
]


class DreamRequest(ArtRequest):
    """A picture in which a network sees more and more of what it knows."""

    image: ImageInput | None = Field(
        default=None,
        title="Image",
        description="The picture to dream on. Left out, the dream starts from noise.",
    )
    guide: ImageInput | None = Field(
        default=None,
        title="Guide",
        description="A picture whose features the dream leans to: each place grows towards the "
        "guide's feature that it resembles most.",
        json_schema_extra=hints(advanced=True),
    )
    preset: Literal["lines", "curves", "eyes", "fur", "animals", "creatures", "chimera"] = Field(
        default=DEFAULT,
        title="Preset",
        description="Layers, octaves, iterations and step size that go well together, from low "
        "layers (`lines`, `curves`: geometry) to high ones (`animals`, `creatures`); `chimera` "
        "mixes them. What is said beside it overrides it.",
        examples=["animals"],
        json_schema_extra=hints(presets={name: preset.values for name, preset in PRESETS.items()}),
    )
    layer_contributions: dict[LayerName, Weight] | None = Field(
        default=None,
        title="Layer contributions",
        description="Which layers to excite, and how much: {layer: weight}. A negative weight "
        "calms a layer. Left out: the preset's. Each model's layers stand in `GET /v1/models`.",
        min_length=1,
        max_length=50,
        examples=[{"relu4_1": 1.0, "relu5_1": 0.5}],
    )
    channels: dict[LayerName, Channels] | None = Field(
        default=None,
        title="Channels",
        description="Excite only these channels of a layer: {layer: [channel, ...]}, from 0. "
        "Without `layer_contributions` these layers alone count, with weight 1.",
        min_length=1,
        max_length=50,
        json_schema_extra=hints(advanced=True),
    )
    target_class: ClassIndex | Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        default=None,
        title="Class",
        description="A class to see everywhere, by index, WordNet id or name: its odds against "
        "all others are climbed, alone unless layers are named too. Only for models that have "
        "classes.",
        json_schema_extra=hints(advanced=True),
    )
    octaves: int = Field(
        default=4,
        title="Octaves",
        description="At how many scales to dream, from coarse to fine. Scales at which the "
        "picture would be too small for the network are left out.",
        ge=1,
        le=10,
    )
    octave_scale: float = Field(
        default=1.4,
        title="Octave scale",
        description="How many times larger each octave is than the one before.",
        ge=1.05,
        le=4.0,
        json_schema_extra=hints(advanced=True),
    )
    iterations: int = Field(
        default=20,
        title="Iterations",
        description="Steps of gradient ascent in each octave.",
        ge=1,
        le=400,
    )
    step_size: float = Field(
        default=0.015,
        title="Step size",
        description="How far a step moves the picture's values, which lie in [0, 1], on average.",
        gt=0.0,
        le=1.0,
        json_schema_extra=hints(advanced=True),
    )
    jitter: int = Field(
        default=16,
        title="Jitter",
        description="Before each step the picture is shifted by up to so many pixels, so that the "
        "network's grid leaves no traces. 0 is off.",
        ge=0,
        le=512,
        json_schema_extra=hints(unit="px", advanced=True),
    )
    detail: float = Field(
        default=1.0,
        title="Detail",
        description="How much of the original's detail, lost at small scales, is put back at each "
        "larger octave. 0 is none, 1 is all.",
        ge=0.0,
        le=1.0,
        json_schema_extra=hints(advanced=True),
    )
    gradient_normalization: Literal["mean-abs", "std", "laplacian"] = Field(
        default="mean-abs",
        title="Gradient normalisation",
        description="What a gradient is divided by: the mean of its absolute values (crisp), "
        "its standard deviation (gentler), or each band of its Laplacian pyramid by the band's "
        "own (smooth, bolder shapes). Left out: `mean-abs`, and `laplacian` for a class.",
        json_schema_extra=hints(
            advanced=True,
            defaults=[{"when": {"target_class": {"said": True}}, "value": "laplacian"}],
        ),
    )
    decorrelate: float = Field(
        default=0.6,
        title="Colour decorrelation",
        description="How far steps are taken in colours as decorrelated as those of photographs "
        "are. 0 gives the neon colours of the first dreams, 1 hardly leaves those of the picture.",
        ge=0.0,
        le=1.0,
        json_schema_extra=hints(advanced=True),
    )
    max_loss: float | None = Field(
        default=None,
        title="Maximal loss",
        description="An octave ends once the loss exceeds this. Left out: it never does. The "
        "job's result lists the losses.",
        gt=0.0,
        le=MAX_LOSS,
        json_schema_extra=hints(advanced=True),
    )
    blend: float = Field(
        default=0.0,
        title="Blend",
        description="How much of the original is mixed into the finished dream. 0 is none, "
        "1 is all.",
        ge=0.0,
        le=1.0,
        json_schema_extra=hints(advanced=True),
    )
    preserve_colors: bool = Field(
        default=False,
        title="Preserve colours",
        description="Keep the original's colours: only brightness is dreamt.",
    )
    size: int = Field(
        default=512,
        title="Size",
        description="Longest side of the output in pixels; the other keeps the proportions. "
        "Large pictures are computed in tiles.",
        ge=64,
        le=MAX_SIZE,
        examples=[512],
        json_schema_extra=hints(unit="px"),
    )
    model: str = Field(
        default="features",
        title="Model",
        description="Which feature network dreams.",
        max_length=100,
        examples=["features"],
    )
    format: Literal["png", "jpeg", "webp"] = Field(
        default="png",
        title="Format",
        description="Format of the output.",
        json_schema_extra=hints(advanced=True),
    )

    @model_validator(mode="before")
    @classmethod
    def _with_preset(cls, data: Any) -> Any:
        """Put the preset's and a class's values where nothing is said; so the record shows them."""
        if not isinstance(data, dict):
            return data
        name = data.get("preset", DEFAULT)
        values = PRESETS[name].values if name in tuple(PRESETS) else {}
        sought = CLASS_VALUES if data.get("target_class") is not None else {}
        return {**values, **sought, **data}

    @model_validator(mode="after")
    def _layers_agree(self) -> "DreamRequest":
        unnamed = set(self.channels or {}) - set(self.layer_contributions or self.channels or {})
        if unnamed:
            raise ValueError(
                f"channels: names {', '.join(sorted(unnamed))}, which layer_contributions doesn't"
            )
        return self

    def contributions(self, layers: Sequence[str]) -> dict[str, float]:
        """Return the weight of each layer to excite, of a network with these layers."""
        if self.layer_contributions is not None:
            return dict(self.layer_contributions)
        if self.channels is not None:
            return dict.fromkeys(self.channels, 1.0)
        if self.target_class is not None and self.guide is None:
            return {}
        return layers_at(PRESETS[self.preset].depths, layers)


def batch_key(request: DreamRequest) -> str:
    """Dreams are made one by one; the key is only told."""
    return request.model


def cost(request: DreamRequest) -> float:
    """Return how many million pixels are stepped on, of a square picture."""
    scales = [request.octave_scale ** (-2 * i) for i in range(request.octaves)]
    return request.size**2 / 1e6 * request.iterations * sum(scales)


def check(request: DreamRequest, card: Mapping[str, Any], memory: int | None) -> None:
    """Refuse layers, channels and classes that the model hasn't, and what fits in no memory.

    Raises:
        RefusedError: naming what is known, or the size that would fit.
    """
    layers = {str(each["name"]): each for each in card.get("layers", ()) if each["name"] != LOGITS}
    if layers:
        _check_layers(request, layers)
        if request.target_class is not None:
            find_class(request.target_class, card.get("classes", ()))
    if memory is not None:
        _check_memory(request, layers, memory)


def find_class(wanted: int | str, classes: Sequence[Mapping[str, Any]]) -> int:
    """Return the index of a class given by index, WordNet id or name, in any case.

    Raises:
        RefusedError: if there is none, or several, naming the likeliest.
    """
    if not classes:
        raise RefusedError("target_class", "This model has no classes; choose layers instead")
    index = int(wanted) if str(wanted).isascii() and str(wanted).isdigit() else None
    if index is not None:
        if index < len(classes):
            return index
        known = f"this model's go from 0 to {len(classes) - 1}"
        raise RefusedError("target_class", f"There is no class {index}; {known}")
    word = str(wanted).strip().casefold()
    found = [i for i, each in enumerate(classes) if word in _names(each)]
    if len(found) == 1:
        return found[0]
    raise RefusedError("target_class", _no_class(str(wanted), found, classes))


def window_bytes(layers: Mapping[str, Mapping[str, Any]]) -> int:
    """Return about how many bytes per pixel a forward and backward pass takes, by the card.

    Measured networks keep one and a half times what their listed layers hold, at most, beside four
    times their largest.
    """
    held = [int(each["channels"]) / int(each["stride"]) ** 2 for each in layers.values()]
    return round(4 * (1.5 * sum(held) + 4 * max(held))) if held else 4096


def _check_layers(request: DreamRequest, layers: Mapping[str, Mapping[str, Any]]) -> None:
    for field in ("layer_contributions", "channels"):
        unknown = [name for name in getattr(request, field) or () if name not in layers]
        if unknown:
            told = f"Unknown layers {', '.join(unknown)}; {request.model} has {', '.join(layers)}"
            raise RefusedError(field, told)
    for name, channels in (request.channels or {}).items():
        count = int(layers[name]["channels"])
        if max(channels) >= count:
            told = f"There is no channel {max(channels)} in {name}; it has 0 to {count - 1}"
            raise RefusedError("channels", told)


def _check_memory(
    request: DreamRequest, layers: Mapping[str, Mapping[str, Any]], memory: int
) -> None:
    left = memory - window_bytes(layers) * SMALLEST_WINDOW**2
    if left >= PICTURE_BYTES * request.size**2:
        return
    fitting = int((max(0, left) / PICTURE_BYTES) ** 0.5)
    fits = {"size": fitting} if fitting >= 64 else {}
    told = f"A dream of {request.size} px needs more than the {memory / 1e9:.2g} GB of the largest"
    raise RefusedError("size", f"{told} worker; {advice(fits)}", "too_large", fits)


def _names(entry: Mapping[str, Any]) -> set[str]:
    """Return all that a class goes by; ImageNet's own names are lists with commas."""
    name = str(entry.get("name", "")).casefold()
    found = {str(entry.get("wnid", "")).casefold(), name, *(n.strip() for n in name.split(","))}
    return found - {""}


def _no_class(wanted: str, found: Sequence[int], classes: Sequence[Mapping[str, Any]]) -> str:
    if found:
        ids = ", ".join(f"{i} ({classes[i].get('wnid', wanted)})" for i in found[:8])
        return f"Several classes are called {wanted!r}: {ids}; give the index"
    word = wanted.strip().casefold()
    near = [str(c.get("name")) for c in classes if word in str(c.get("name", "")).casefold()]
    shown = ", ".join(near[:8] or [str(each.get("name")) for each in classes[:8]])
    return f"Unknown class {wanted!r}; among the {len(classes)} known ones: {shown}"
