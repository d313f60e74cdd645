"""Settings that the gateway, the worker and the command line share.

Every setting is an environment variable `GENART_<FIELD>` (and the usual `REDIS_URL`); the classes
here and in `api`, `worker` and `cli` are the one place where they are documented, and
`docs/reference/settings.md` is generated from them.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, BeforeValidator, Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


def split_list(value: object) -> object:
    """Read a list as the environment has it: separated by commas."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


def _in_capitals(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


class CoreSettings(BaseSettings):
    """What every process needs."""

    model_config = SettingsConfigDict(
        env_prefix="GENART_",
        env_ignore_empty=True,  # an empty GENART_HOME would be the folder that we stand in
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    home: Path = Field(
        default=Path.home() / ".genart",
        description="Folder of all state: embedded Redis, outputs, models trained or pulled.",
    )
    redis_url: str = Field(
        default="",
        validation_alias=AliasChoices("GENART_REDIS_URL", "REDIS_URL"),
        description="Redis or Valkey >= 7 to use (`redis://`, `rediss://`, `unix://`). "
        "Empty: `genart up` starts an embedded one.",
    )
    blob_url: str = Field(
        default="",
        description="Where outputs are kept, as an fsspec URL (`file:///…`, `s3://bucket/prefix` "
        "with the extra `s3`; AWS' own variables say where and as whom). "
        "Empty: `blobs` under the home folder.",
    )
    retention_seconds: int = Field(
        default=24 * 3600,
        ge=1,
        description="How long a finished job and its outputs are kept.",
    )
    tombstone_seconds: int = Field(
        default=7 * 24 * 3600,
        ge=1,
        description="How long after that the job's address answers 410 rather than 404.",
    )
    max_image_bytes: int = Field(
        default=20_000_000,
        ge=1,
        description="Most bytes of one picture that a caller sends; beyond it: 413. "
        "A form may have as many times that as its kind takes pictures.",
    )
    max_pixels: int = Field(
        default=50_000_000,
        ge=1,
        description="Most pixels, width times height, of a picture that a caller sends; "
        "beyond it: 422.",
    )
    extra_arts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Modules with further kinds (a `KINDS` tuple each), separated by commas.",
    )
    native: bool = Field(
        default=True,
        description="Take steps of `text`, and 3x3 convolutions of dream and style, in C, "
        "compiled once into `native` under the home folder where there is a C compiler. Texts are "
        "the same without, pictures but for rounding, and they come more slowly.",
    )
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_in_capitals)
    ] = Field(
        default="INFO",
        description="Level of the logs on standard error: `DEBUG`, `INFO`, `WARNING`, `ERROR` or "
        "`CRITICAL`.",
    )
    log_format: Literal["text", "json"] = Field(
        default="text",
        description="Form of the logs: `text` for people, `json` for programs, one object a line.",
    )

    @field_validator("home")
    @classmethod
    def _expand(cls, home: Path) -> Path:
        return home.expanduser()

    @field_validator("extra_arts", mode="before")
    @classmethod
    def _split_modules(cls, value: object) -> object:
        return split_list(value)

    @property
    def blobs(self) -> str:
        """The blob store's URL with the default filled in."""
        return self.blob_url or f"file://{self.home.resolve()}/blobs"

    @property
    def keep_ms(self) -> tuple[int, int]:
        """How long a record, then its tombstone is kept, in milliseconds."""
        return self.retention_seconds * 1000, self.tombstone_seconds * 1000
