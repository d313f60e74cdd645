"""Which trained models there are, where their files lie and what is known of them.

A weights file is safetensors; its header carries the card, which is read here without torch: the
first 8 bytes are the header's length N (little-endian), the next N bytes are JSON, and
`__metadata__` maps strings to strings. Two places are searched: the files that ship with the
project, whose digests stand in `weights/SHA256SUMS`, then `GENART_HOME/models/<art>/` (trained here
or pulled). A model is usable by name as soon as its file lies there.
"""

import hashlib
import json
import logging
import re
import struct
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from genart_core import public
from genart_core.errors import DamagedWeightsError, ModelNotPulledError, UnknownModelError

log = logging.getLogger(__name__)

SHIPPED = Path(__file__).parent / "weights"
BUDGET_BYTES = 40_000_000
_MAX_HEADER_BYTES = 16 * 1024 * 1024
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


@dataclass(frozen=True)
class Weights:
    """One model: its art, its name, its file and the card that its training wrote."""

    art: str
    name: str
    path: Path
    sha256: str
    bytes: int
    shipped: bool
    card: dict[str, Any]


def models_of(art: str, home: Path) -> list[Weights]:
    """Return the models of an art by name, shipped ones first; unreadable files are left out."""
    found: dict[str, Weights] = {}
    for folder in _folders(art, home):
        for path in sorted(folder.glob("*.safetensors")):
            try:
                found.setdefault(path.stem, _describe(art, path))
            except DamagedWeightsError as error:
                log.warning("model left out: %s", error)
    return list(found.values())


def all_models(home: Path) -> list[Weights]:
    """Return every model of every art."""
    folders = [f for root in (SHIPPED, home / "models") if root.is_dir() for f in root.iterdir()]
    arts = sorted({folder.name for folder in folders if folder.is_dir()})
    return [weights for art in arts for weights in models_of(art, home)]


def find_model(art: str, name: str, home: Path) -> Weights:
    """Return a model by name.

    Raises:
        UnknownModelError: if there is none; it carries the known names.
        ModelNotPulledError: if it is a public one whose file isn't here.
        DamagedWeightsError: if its file is no safetensors, or not the one that ships.
    """
    for folder in _folders(art, home):
        path = folder / f"{name}.safetensors"
        if path.parent == folder and path.is_file():
            return _describe(art, path)
    missing = not_pulled(art, home)
    if name in missing:
        raise ModelNotPulledError(name)
    here = (weights.name for weights in models_of(art, home))
    raise UnknownModelError(name, sorted((*here, *missing)))


def not_pulled(art: str, home: Path) -> list[str]:
    """Return the names of the public models of an art whose files `models pull` could fetch."""
    if art != public.ART:
        return []
    files = (home / "models" / art / f"{name}.safetensors" for name in public.PUBLIC)
    return [file.stem for file in files if not file.is_file()]


def require_name(name: str) -> None:
    """Refuse a name that a model can't be given.

    Raises:
        ValueError: if it is none.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"The name is {name!r} but must be up to 64 of a-z, 0-9, - and _, "
            "beginning with a letter or digit"
        )


def unreached(art: str, name: str, home: Path) -> str:
    """Return what is to be said of a file in `home` that a model which ships hides; "" if none."""
    if f"{art}/{name}.safetensors" not in shipped_digests():
        return ""
    file = home / "models" / art / f"{name}.safetensors"
    return f"{file} is hidden by {art}/{name}, which ships and is found first; choose another name"


def all_unreached(home: Path, art: str = "*", name: str = "*") -> list[str]:
    """Return what is to be said of each file in `home` that a model which ships hides."""
    files = sorted((home / "models").glob(f"{art}/{name}.safetensors"))
    return [told for file in files if (told := unreached(file.parent.name, file.stem, home))]


def read_card(path: Path) -> dict[str, Any]:
    """Return the `card` in a safetensors header; an empty one if the file has none.

    Raises:
        DamagedWeightsError: if the header is cut off or is no JSON.
    """
    with path.open("rb") as file:
        prefix = file.read(8)
        size = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else 0
        if not 0 < size <= _MAX_HEADER_BYTES:
            raise DamagedWeightsError(f"{path.name} is not a safetensors file")
        try:
            header = json.loads(file.read(size))
            card = json.loads(header.get("__metadata__", {}).get("card", "{}"))
        except (ValueError, AttributeError) as error:
            raise DamagedWeightsError(f"{path.name} has a damaged header: {error}") from error
    return card if isinstance(card, dict) else {}


def _folders(art: str, home: Path) -> tuple[Path, Path]:
    return SHIPPED / art, home / "models" / art


def _describe(art: str, path: Path) -> Weights:
    stat = path.stat()
    digest, card = _inspect(path, stat.st_mtime_ns, stat.st_size)
    shipped = path.is_relative_to(SHIPPED)
    if shipped and shipped_digests().get(f"{art}/{path.name}") != digest:
        raise DamagedWeightsError(f"{path.name} is not the file that ships (sha256 {digest})")
    return Weights(art, path.stem, path, digest, stat.st_size, shipped, card)


@cache
def shipped_digests() -> dict[str, str]:
    """Return the sha256 of each file that ships, by its path below `weights`."""
    lines = (SHIPPED / "SHA256SUMS").read_text().splitlines()
    return {path: digest for digest, path in (line.split() for line in lines)}


@lru_cache(maxsize=256)
def _inspect(path: Path, mtime_ns: int, size: int) -> tuple[str, dict[str, Any]]:
    """Hash and read a file once per version of it, which `mtime_ns` and `size` stand for."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return digest, read_card(path)
