"""Spots, mazes and corals by reaction and diffusion: an art of one's own, complete.

Add it with `GENART_EXTRA_ARTS=examples.turing`.

1. Turing, The chemical basis of morphogenesis, 1952.
2. Pearson, Complex patterns in a simple system, Science 261, 1993.
"""

from typing import Literal

from pydantic import Field

from genart_core.catalogue import Kind
from genart_core.request import ArtRequest, hints

Pattern = Literal["spots", "maze", "coral"]


class TuringRequest(ArtRequest):
    """Two substances, one of which eats the other, until a pattern stands."""

    pattern: Pattern = Field(
        default="coral", title="Pattern", description="Which of Pearson's patterns grows."
    )
    size: int = Field(
        default=192,
        title="Size",
        description="Side of the picture.",
        ge=32,
        le=512,
        json_schema_extra=hints(unit="px"),
    )
    steps: int = Field(
        default=3000,
        title="Steps",
        description="How long it grows.",
        ge=1,
        le=20_000,
        json_schema_extra=hints(advanced=True),
    )
    model: Literal["none"] = Field(default="none", description="There is no model.")
    format: Literal["image/png"] = Field(default="image/png", description="Of the output.")


KINDS = (
    Kind(
        name="turing",
        art="turing",
        summary="Spots, mazes and corals that grow by reaction and diffusion",
        request=TuringRequest,
        generate="examples.turing.generate:generate",
        batch_limit=1,
        batch_key=lambda request: "",
        cost=lambda request: float(request.steps * request.size**2),
        threads=1,
    ),
)
