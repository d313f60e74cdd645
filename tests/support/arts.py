"""Kinds that tests run through real workers: `GENART_EXTRA_ARTS=tests.support.arts`.

Their generators lie in `tests.support.generators`. Every execution is noted in the file that the
request names as its `journal`, so that a test can count them without asking the job table.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from genart_core.catalogue import Kind
from genart_core.errors import RefusedError
from genart_core.request import ArtRequest, ImageInput


class StepsRequest(ArtRequest):
    """`steps` steps of `ms` milliseconds, one character of text each."""

    model: Literal["none"] = "none"
    steps: int = Field(default=3, ge=1)
    ms: float = Field(default=5.0, ge=0)
    group: str = Field(default="", description="Jobs of one group are made together.")
    name: str = Field(default="", description="What the journal calls this job.")
    journal: str = Field(default="", description="File to note the execution in; empty: none.")


class ModelledRequest(ArtRequest):
    """A name of weights to load."""

    model: str = "small"


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class PicturedRequest(ArtRequest):
    """A picture that comes out as it went in, after `steps` previews of it."""

    model: Literal["none"] = "none"
    image: ImageInput
    guide: ImageInput | None = None
    style: Annotated[
        list[ImageInput],
        BeforeValidator(_listed, json_schema_input_type=ImageInput | list[ImageInput]),
    ] = Field(default=[], max_length=3)
    title: str = ""
    size: int | None = Field(default=None, ge=1, le=4096)
    strength: Literal["auto"] | float = "auto"
    mirrored: bool = False
    weights: dict[str, float] = {}
    layers: list[str] = []
    steps: int = Field(default=0, ge=0)
    ms: float = Field(default=0.0, ge=0)


class CheckedRequest(ArtRequest):
    """Layers of a network, and a size that may not fit."""

    model: str = "small"
    layers: list[str] = []
    size: int = 64


class PlaneRequest(ArtRequest):
    """Squares of one colour, by two of the eight numbers of a code."""

    model: Literal["none"] = "none"
    mode: Literal["sample", "point", "grid", "walk"] = "sample"
    count: int = Field(default=1, ge=1, le=64)
    latents: list[list[float]] | None = None
    concepts: dict[str, float] = {}
    across: int | str = 0
    down: int | str = 1
    across_range: list[float] = [-2.0, 2.0]
    down_range: list[float] = [-2.0, 2.0]
    columns: int = Field(default=8, ge=1, le=16)
    rows: int = Field(default=8, ge=1, le=16)
    layout: Literal["images", "sheet", "film"] | None = None
    ms: float = Field(default=0.0, ge=0)


def check(request: CheckedRequest, card: Mapping[str, Any], memory: int | None) -> None:
    """Refuse layers that the card doesn't list, and sizes of more bytes than there are."""
    known = [layer["name"] for layer in card.get("layers", ())]
    for name in request.layers:
        if known and name not in known:
            raise RefusedError("layers", f"There is no layer {name}; there are {', '.join(known)}")
    if memory is not None and request.size**2 > memory:
        raise RefusedError("size", f"At most {int(memory**0.5)} fits", "too_large")


def verse(request: StepsRequest) -> str:
    """Return what a finished job has to be, byte for byte."""
    digits = hashlib.shake_128(str(request.seed).encode()).hexdigest(request.steps)
    return digits[: request.steps]


def executions(journal: Path, event: str = "began") -> list[str]:
    """Return the names of the jobs that `began` or `finished`, once for each time they did."""
    return [name for name, what, _ in _lines(journal) if what == event]


def workers_of(journal: Path, name: str, event: str = "began") -> list[int]:
    """Return the process ids of the workers in which a job `began` or `finished`."""
    return [int(pid) for job, what, pid in _lines(journal) if (job, what) == (name, event)]


def steps_done(journal: Path, name: str) -> int:
    """Return after how many steps a job `stopped`."""
    return next(
        int(done) for job, what, done in _lines(journal) if (job, what) == (name, "stopped")
    )


def _lines(journal: Path) -> list[list[str]]:
    if not journal.exists():
        return []
    return [line.split(" ") for line in journal.read_text().splitlines()]


def _kind(name: str, request: type[ArtRequest] = StepsRequest) -> Kind:
    return Kind(
        name=name,
        art="test",
        summary=f"The art {name} of the tests",
        request=request,
        generate=f"tests.support.generators:{name}",
        batch_limit=4,
        batch_key=lambda request: getattr(request, "group", request.model),
        cost=lambda request: float(getattr(request, "steps", 1)),
        threads=1,
    )


KINDS = (
    _kind("steps"),
    _kind("batched"),
    _kind("stuck"),
    _kind("deaf"),
    _kind("broken"),
    _kind("refused"),
    _kind("forgetful"),
    _kind("unwritable"),
    _kind("modelled", ModelledRequest),
    _kind("pictured", PicturedRequest),
    _kind("plane", PlaneRequest),
    replace(_kind("checked", CheckedRequest), models="networks", check=check),
)
