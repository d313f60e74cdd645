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
)
