"""Settings of the gateway."""

from ipaddress import ip_address
from typing import Annotated, Literal

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from api.http.cors import parse_origin
from api.outgoing.webhook_signature import parse_secret
from genart_core.settings import CoreSettings, split_list

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
PLAIN_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})  # the same, as a URL's host
_ANY_ADDRESS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104  compared with, not bound to


class ApiSettings(CoreSettings):
    """What the gateway needs besides."""

    host: str = Field(default="127.0.0.1", description="Address the gateway listens on.")
    port: int = Field(
        default=8000, ge=0, le=65535, description="Port the gateway listens on; 0 picks a free one."
    )
    access: Literal["auto", "keys", "open"] = Field(
        default="auto",
        description="Who may call. `auto`: on loopback everybody until the first API key was made, "
        "from then on and elsewhere whoever has one. `keys`: whoever has one. `open`: everybody.",
    )
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Names, separated by commas, that a request's `Host` may carry besides "
        "localhost, 127.0.0.1 and [::1] where no key is needed. `*` allows every name.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Origins, separated by commas, whose pages may call from a browser, each as in "
        "`https://art.example`; there is no `*`. Empty: none.",
    )
    active_jobs_per_client: int = Field(
        default=1000, ge=1, description="Unfinished jobs that one client may have; beyond it: 429."
    )
    queue_bytes_per_client: int = Field(
        default=1_000_000_000,
        ge=0,
        description="Bytes that the requests and pictures of one client's unfinished jobs may have "
        "together; beyond it: 429. 0: any number.",
    )
    submits_per_minute: int = Field(
        default=0,
        ge=0,
        description="Jobs and pictures that one client may submit in a minute; beyond it: 429. "
        "0: any number.",
    )
    asset_bytes_per_client: int = Field(
        default=10_000_000_000,
        ge=0,
        description="Bytes that the pictures kept for one client may have together, those that "
        "came with its jobs too; beyond it: 429. 0: any number.",
    )
    queue_cap: int = Field(
        default=10_000, ge=1, description="Waiting jobs of all clients together; beyond it: 503."
    )
    job_deadline_seconds: int = Field(
        default=3600,
        ge=0,
        description="A job that has not ended this long after its submit expires; 0: never.",
    )
    max_job_seconds: float = Field(
        default=0.0,
        ge=0,
        description="Seconds of a worker that one job may take, as judged at submit by the run "
        "times of those before it; beyond it: 422. 0: as many as its deadline leaves.",
    )
    max_body_bytes: int = Field(
        default=1_000_000,
        ge=1,
        description="Largest request body, pictures not counted; beyond it: 413.",
    )
    asset_seconds: int = Field(
        default=24 * 3600,
        ge=1,
        description="How long a picture sent to `/v1/assets` is kept; one that a job names, as "
        "long as the job, too.",
    )
    fetch_urls: bool = Field(
        default=False,
        description="Whether a picture may be an `https:` address, which the gateway fetches from "
        "the public internet; off: 422.",
    )
    fetch_seconds: float = Field(
        default=10.0, gt=0, description="How long all such pictures of a request may take."
    )
    webhook_secrets: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(),
        description="Secrets that webhooks are signed with, separated by commas: `whsec_` and 24 "
        "to 64 bytes in base64. Each signs, so that a new one can stand beside the old one for a "
        "while. Empty: no webhooks, a submit that names one is a 422.",
    )
    webhook_loopback: bool = Field(
        default=False,
        description="For development: whether a webhook may also be `http:` to this machine "
        "(localhost, 127.0.0.1, [::1]), on any port. A caller reaches what listens there then.",
    )
    webhooks_per_client: int = Field(
        default=2000,
        ge=0,
        description="Undelivered webhooks that one client may have when it asks for another; "
        "beyond it: 429. 0: any number.",
    )
    webhook_cap: int = Field(
        default=20_000,
        ge=0,
        description="Undelivered webhooks of all clients together, likewise; beyond it: 503. "
        "0: any number.",
    )
    max_wait_seconds: int = Field(
        default=60, ge=0, description="Longest wait that `Prefer: wait=n` is granted."
    )
    heartbeat_seconds: float = Field(
        default=15.0, gt=0, description="A silent event stream says so often that it is alive."
    )
    redis_patience_seconds: float = Field(
        default=3.0, gt=0, description="How long a request waits for Redis before it gets a 503."
    )
    shutdown_seconds: float = Field(
        default=5.0, ge=0, description="How long open requests may go on after SIGTERM."
    )

    access_log: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="Whether each answered request is a line in the log; `auto`: if that is JSON. "
        "Those for health and metrics are only with `GENART_LOG_LEVEL=DEBUG`.",
    )

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(name.strip().lower() for name in value.split(",") if name.strip())
        return value

    @field_validator("webhook_secrets", "cors_origins", mode="before")
    @classmethod
    def _split_lists(cls, value: object) -> object:
        return split_list(value)

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(parse_origin(origin) for origin in origins)

    @field_validator("webhook_secrets")
    @classmethod
    def _check_secrets(cls, secrets: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        for secret in secrets:
            parse_secret(secret.get_secret_value())
        return secrets

    @property
    def webhook_keys(self) -> tuple[bytes, ...]:
        """What webhooks are signed with; without any there are none."""
        return tuple(parse_secret(secret.get_secret_value()) for secret in self.webhook_secrets)

    @property
    def plain_webhook_hosts(self) -> frozenset[str]:
        """Names of this machine that a webhook may lead to in the clear."""
        return PLAIN_HOSTS if self.webhook_loopback else frozenset()

    @property
    def logs_access(self) -> bool:
        """Whether each answered request is logged."""
        return self.log_format == "json" if self.access_log == "auto" else self.access_log == "on"

    @property
    def is_loopback(self) -> bool:
        """Whether the gateway is reached from this machine alone."""
        if self.host.lower() == "localhost":
            return True
        try:
            return ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return False  # a name, which may mean anything

    @property
    def needs_key(self) -> bool | None:
        """Whether a caller must have a key; None: as soon as one has been made."""
        if self.access == "auto":
            return None if self.is_loopback else True
        return self.access == "keys"

    @property
    def hosts(self) -> frozenset[str]:
        """Every name that `Host` may carry; `*` stands for all."""
        own = frozenset() if self.host in _ANY_ADDRESS else frozenset({self.host.lower()})
        return LOOPBACK | own | frozenset(self.allowed_hosts)
