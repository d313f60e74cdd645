"""Models that stay loaded between jobs."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from genart_core.weights import find_model

Model = TypeVar("Model")


class Residents:
    """Loaded models, at most `limit_bytes` of weights files; the least recently used goes first.

    The one in use always stays, however large. A file that has changed is another model.
    """

    def __init__(self, home: Path, device: str, limit_bytes: int) -> None:
        self._home = home
        self._device = device
        self._limit = limit_bytes
        self._models: OrderedDict[tuple[str, str, str], tuple[int, Any]] = OrderedDict()

    def get(self, art: str, name: str, load: Callable[[Path, str], Model]) -> tuple[Model, str]:
        """Return a model and the sha256 of its weights.

        Raises:
            UnknownModelError: if there is no such model.
            DamagedWeightsError: if its file can't be read.
        """
        weights = find_model(art, name, self._home)
        key = (art, name, weights.sha256)
        if key not in self._models:
            self._models[key] = (weights.bytes, load(weights.path, self._device))
        self._models.move_to_end(key)
        while len(self._models) > 1 and self._bytes() > self._limit:
            self._models.popitem(last=False)
        return cast(Model, self._models[key][1]), weights.sha256

    @property
    def held(self) -> dict[str, str]:
        """The sha256 of each loaded model by `art/name`."""
        return {f"{art}/{name}": sha256 for art, name, sha256 in list(self._models)}

    def _bytes(self) -> int:
        return sum(size for size, _ in self._models.values())
