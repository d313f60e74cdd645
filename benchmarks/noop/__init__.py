"""An art that makes nothing: what a job costs when the art costs nothing.

Add it with `GENART_EXTRA_ARTS=benchmarks.noop`.
"""

from typing import Literal

from pydantic import Field

from genart_core.catalogue import Kind
from genart_core.request import ArtRequest


class NoopRequest(ArtRequest):
    """One output of `bytes` bytes."""

    bytes: int = Field(default=1000, ge=1, le=1_000_000, description="Size of the output.")
    model: Literal["none"] = Field(default="none", description="There is no model.")


class BusyRequest(NoopRequest):
    """The same, after the device was busy for `ms` milliseconds."""

    ms: float = Field(
        default=20.0, ge=0, le=60_000, description="How long the device is busy with it."
    )


KINDS = (
    Kind(
        name="noop",
        art="noop",
        summary="Nothing, through the whole engine",
        request=NoopRequest,
        generate="benchmarks.noop.generate:generate",
        batch_limit=16,
        batch_key=lambda request: "",
        cost=lambda request: 1.0,
        threads=1,
    ),
    Kind(
        name="busy",
        art="noop",
        summary="Nothing, but it takes its time",
        request=BusyRequest,
        generate="benchmarks.noop.generate:keep_busy",
        batch_limit=1,
        batch_key=lambda request: "",
        cost=lambda request: 1.0 + request.ms,
        threads=1,
    ),
)
