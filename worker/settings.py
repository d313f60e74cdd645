"""Settings of a worker process."""

from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import NoDecode

from genart_core.catalogue import find_kind
from genart_core.errors import UnknownKindError
from genart_core.settings import CoreSettings, split_list


class WorkerSettings(CoreSettings):
    """What one worker process needs besides."""

    device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$",
        description="Where to compute: `auto` (all visible GPUs, else the CPU), `cpu`, `cuda`, "
        "`cuda:n` or `mps`.",
    )
    kinds: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Kinds that this worker makes, separated by commas; empty: all."
    )
    slot: str = Field(
        default="",
        description="Name of the place this process fills; set by the supervisor. "
        "Empty: a name of its own.",
    )
    epoch: int = Field(
        default=0, ge=0, description="Which life of the slot this is; set by the supervisor."
    )
    lease_seconds: float = Field(
        default=8.0,
        gt=0,
        description="How long a job stays with a worker that is not heard of.",
    )
    drain_seconds: float = Field(
        default=8.0,
        ge=0,
        description="How long running jobs may go on after SIGTERM before they are handed back.",
    )
    step_timeout_seconds: float = Field(
        default=120.0,
        gt=0,
        description="A job that shows no sign of life for so long ends the process (watchdog).",
    )
    outage_seconds: float = Field(
        default=60.0,
        ge=0,
        description="How long a finished job waits for Redis to come back before it is given up.",
    )
    resident_bytes: int = Field(
        default=2_000_000_000,
        ge=0,
        description="Bytes of weights files to keep loaded; the least recently used goes first.",
    )

    @field_validator("kinds", mode="before")
    @classmethod
    def _split_kinds(cls, value: object) -> object:
        return split_list(value)

    @field_validator("kinds")
    @classmethod
    def _check_kinds(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        try:
            for name in names:
                find_kind(name)
        except UnknownKindError as error:
            raise ValueError(str(error)) from error
        return names

    @property
    def lease_ms(self) -> int:
        """Return the lease in milliseconds."""
        return int(self.lease_seconds * 1000)
