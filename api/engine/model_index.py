"""Which models a request may name: those whose files lie here and those that live workers hold."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_origin

from genart_core.catalogue import Kind
from genart_core.errors import DamagedWeightsError
from genart_core.weights import models_of

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """One model as far as it is known here; `bytes` is None if only a worker has its file.

    `art` is the folder of its weights, which several arts may share.
    """

    name: str
    art: str
    sha256: str
    bytes: int | None
    shipped: bool
    is_resident: bool
    card: dict[str, Any] = field(default_factory=dict)


class ModelIndex:
    """Models by art and name, as of the last `read`."""

    def __init__(self, home: Path, kinds: dict[str, Kind]) -> None:
        self._home = home
        self._arts = sorted({kind.models for kind in kinds.values()})
        # a kind whose `model` is a Literal has named its models itself
        self._closed = {
            name
            for name, kind in kinds.items()
            if get_origin(kind.request.model_fields["model"].annotation) is Literal
        }
        self._found: dict[str, dict[str, ModelFacts]] = {}

    def knows(self, kind: Kind, name: str) -> bool:
        """Say whether a request of this kind may name this model."""
        return name in self._found.get(kind.models, ()) or kind.name in self._closed

    def card(self, kind: Kind, name: str) -> dict[str, Any]:
        """Return a model's card, an empty one if its file is not here."""
        found = self._found.get(kind.models, {}).get(name)
        return found.card if found else {}

    def digest(self, kind: Kind, name: str) -> str:
        """Return the sha256 of a model's file, "" where none is known."""
        found = self._found.get(kind.models, {}).get(name)
        return found.sha256 if found else ""

    def names(self, art: str) -> list[str]:
        """Return the known names of an art's models."""
        return sorted(self._found.get(art, ()))

    def all(self) -> list[ModelFacts]:
        """Return every known model, by art and name."""
        return [
            facts for art in self._arts for _, facts in sorted(self._found.get(art, {}).items())
        ]

    async def read(self, workers: Iterable[dict[str, Any]]) -> None:
        """Look again; files are listed, and new ones hashed, in a thread."""
        held: dict[str, str] = {}
        elsewhere: dict[str, str] = {}
        for worker in workers:
            held |= _digests(worker, "models")
            elsewhere |= _digests(worker, "available")
        self._found = {art: await self._read_art(art, held, elsewhere) for art in self._arts}

    async def _read_art(
        self, art: str, held: dict[str, str], elsewhere: dict[str, str]
    ) -> dict[str, ModelFacts]:
        resident = _of_art(art, held)
        try:
            files = await asyncio.to_thread(models_of, art, self._home)
        except (DamagedWeightsError, OSError) as error:
            log.warning("the models of %s can't be listed: %s", art, error)
            return self._found.get(art, {})
        found = {
            name: ModelFacts(name, art, sha, None, shipped=False, is_resident=name in resident)
            for name, sha in (_of_art(art, elsewhere) | resident).items()
        }
        for file in files:
            found[file.name] = ModelFacts(
                file.name,
                art,
                file.sha256,
                file.bytes,
                shipped=file.shipped,
                is_resident=resident.get(file.name) == file.sha256,
                card=file.card,
            )
        return found


def _digests(worker: dict[str, Any], name: str) -> dict[str, str]:
    """Return what a worker announced under a name: sha256 by `art/model`."""
    found = worker.get(name)
    return found if isinstance(found, dict) else {}


def _of_art(art: str, digests: dict[str, str]) -> dict[str, str]:
    return {
        path.partition("/")[2]: sha256
        for path, sha256 in digests.items()
        if path.startswith(f"{art}/")
    }
