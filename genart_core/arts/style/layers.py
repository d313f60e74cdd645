"""Which layers of a network are looked at for content and for style; known without the network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from genart_core.errors import RefusedError
from genart_core.public import is_pooling

Choice: TypeAlias = Sequence[str] | Mapping[str, float] | None

CONTENT_STRIDE = 8
DEEPEST_STRIDE = 16


@dataclass(frozen=True)
class Layers:
    """Names and weights of the chosen layers (weights of each sum to 1), and all that are run.

    `run` has the values per pixel of each layer down to the deepest that was chosen, `stride` is
    that one's, `kept` the values per pixel of the content layers.
    """

    content: Mapping[str, float]
    style: Mapping[str, float]
    run: tuple[float, ...]
    stride: int
    kept: float

    @property
    def names(self) -> list[str]:
        """All chosen layers, each once."""
        return list(dict.fromkeys([*self.content, *self.style]))


def choose_layers(content: Choice, style: Choice, known: Sequence[Mapping[str, Any]]) -> Layers:
    """Return the layers of a request; `known` is a card's list of names, channels and strides.

    Left out, style is the first layer of each stride up to 16 and content the second of stride 8,
    poolings not counted, which for VGG-19 are those of Gatys et al. 2016.

    Raises:
        RefusedError: if a layer isn't among the known ones that have places (`logits` has none).
    """
    maps = [layer for layer in known if layer["name"] != "logits"]
    names = [str(layer["name"]) for layer in maps]
    usual = [layer for layer in maps if not is_pooling(str(layer["name"]))]
    chosen = {
        "content_layers": _weighted(content or [_content_layer(usual)]),
        "style_layers": _weighted(style or _style_layers(usual)),
    }
    for field, weights in chosen.items():
        unknown = [name for name in weights if name not in names]
        if unknown:
            raise RefusedError(
                field, f"Unknown layer {', '.join(unknown)}; known layers: {', '.join(names)}"
            )
    deepest = max(names.index(name) for weights in chosen.values() for name in weights)
    density = {str(each["name"]): each["channels"] / each["stride"] ** 2 for each in maps}
    return Layers(
        content=chosen["content_layers"],
        style=chosen["style_layers"],
        run=tuple(density[name] for name in names[: deepest + 1]),
        stride=max(int(each["stride"]) for each in maps[: deepest + 1]),
        kept=sum(density[name] for name in chosen["content_layers"]),
    )


def _weighted(choice: Sequence[str] | Mapping[str, float]) -> dict[str, float]:
    given = dict(choice) if isinstance(choice, Mapping) else dict.fromkeys(choice, 1.0)
    return {name: weight / sum(given.values()) for name, weight in given.items()}


def _style_layers(maps: Sequence[Mapping[str, Any]]) -> list[str]:
    first: dict[int, str] = {}
    for layer in maps:
        first.setdefault(int(layer["stride"]), str(layer["name"]))
    shallow = [name for stride, name in first.items() if stride <= DEEPEST_STRIDE]
    return shallow or [str(maps[0]["name"])]


def _content_layer(maps: Sequence[Mapping[str, Any]]) -> str:
    strides = [int(layer["stride"]) for layer in maps]
    stride = max((s for s in strides if s <= CONTENT_STRIDE), default=min(strides))
    at = [str(layer["name"]) for layer in maps if int(layer["stride"]) == stride]
    return at[min(1, len(at) - 1)]
