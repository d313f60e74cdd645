"""What all requests for an artwork have in common."""

import secrets
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MAX_SEED = 2**53 - 1  # the largest integer that JSON readers keep exactly

Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]


class ArtRequest(BaseModel):
    """Fields that every kind takes; an art adds its own and narrows `model` and `format`.

    Validation is strict: `"400"` is no number and unknown fields, NaN and infinity are errors, so
    that a typing slip is told to the caller rather than guessed away.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)

    seed: Seed | None = Field(
        default=None,
        title="Seed",
        description="Starting point of the random numbers: the same seed gives the same artwork. "
        "Left out, one is drawn at submit and shown in the job's `request.seed`.",
        examples=[1],
    )
    model: str = Field(title="Model", description="Name of the weights to use.", max_length=100)


def draw_seed() -> int:
    """Return a fresh seed in [0, MAX_SEED]."""
    return secrets.randbelow(MAX_SEED + 1)
