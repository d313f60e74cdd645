"""Kinds that tests run through real workers: `GENART_EXTRA_ARTS=tests.support.arts`.

Their generators lie in `tests.support.generators`. Every execution is noted in the file that the
request names as its `journal`, so that a test can count them without asking the job table.
"""

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import Field

from genart_core.catalogue import Kind
from genart_core.request import ArtRequest


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
)
