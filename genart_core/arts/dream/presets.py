"""Settings that go well together, by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from genart_core.public import is_pooling

DEFAULT: Literal["animals"] = "animals"


@dataclass(frozen=True)
class Preset:
    """Weights of layers by their depth, and values of other fields that differ from the defaults.

    A depth is a share of the way through a network's layers: 0 is the shallowest, 1 the deepest. So
    a preset suits any network.
    """

    depths: Mapping[float, float]
    values: Mapping[str, Any] = field(default_factory=dict)


PRESETS: Mapping[str, Preset] = {
    "lines": Preset({0.29: 1.0}, {"octaves": 3, "step_size": 0.01}),
    "curves": Preset({0.43: 1.0}),
    "eyes": Preset({0.57: 1.0}),
    "fur": Preset({0.71: 1.0}),
    "animals": Preset({0.86: 1.0}),
    "creatures": Preset({1.0: 1.0}, {"octaves": 5, "iterations": 30}),
    "chimera": Preset({0.43: 0.2, 0.71: 1.0, 1.0: 1.0}),
}


# Where a class is sought: in smooth, bold shapes it is recognised.
CLASS_VALUES: Mapping[str, Any] = {"gradient_normalization": "laplacian"}


def layers_at(depths: Mapping[float, float], layers: Sequence[str]) -> dict[str, float]:
    """Return weights by layer, of layers from shallow to deep; poolings are passed over."""
    layers = [name for name in layers if not is_pooling(name)]
    found: dict[str, float] = {}
    for depth, weight in depths.items():
        name = layers[round(depth * (len(layers) - 1))]
        found[name] = found.get(name, 0.0) + weight
    return found
