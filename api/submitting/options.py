"""What a submit says of the job rather than of the art: parameters of the address.

They are the same for every kind and for every form of body, whose fields are the art's alone.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.types import Scope

from api.http.errors import ProblemError
from api.http.validation import complaints_of, summary
from api.incoming.query import pairs_of, refused_parameter
from api.outgoing.dial import NotReachedError, require_public, target_of
from api.settings import ApiSettings
from genart_core.settings import split_list
from genart_core.words import counted

Priority: TypeAlias = Literal["low", "normal", "high"]
Tag = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,63}$")]
Ending: TypeAlias = Literal["succeeded", "failed", "canceled", "expired"]
Endings = Annotated[tuple[Ending, ...], BeforeValidator(split_list)]

MAX_TAGS = 16
MAX_WEBHOOK = 2000
_MAX_SECONDS = 7 * 24 * 3600
_LISTS = {"tag": "tags"}  # parameters that may come again and again, and the fields they fill


def _once_each(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))


class JobOptions(BaseModel):
    """How a job is treated, whatever it makes."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    priority: Priority = Field(
        default="normal",
        description="Its place among your own waiting jobs, before the less urgent ones; the turns "
        "of other callers stay what they are.",
    )
    tags: Annotated[tuple[Tag, ...], AfterValidator(_once_each)] = Field(
        default=(),
        max_length=MAX_TAGS,
        description="Words to find it by: letters, digits and `._:/@+-`, at most 64 each.",
    )
    start_within: int | None = Field(
        default=None,
        ge=1,
        le=_MAX_SECONDS,
        description="Seconds within which a worker must have begun, no more than `finish_within`; "
        "else the job ends as expired.",
    )
    finish_within: int | None = Field(
        default=None,
        ge=1,
        le=_MAX_SECONDS,
        description="Seconds within which it must have ended; else it ends as expired.",
    )
    webhook: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_WEBHOOK,
        json_schema_extra={"pattern": "^https?://[!-~]+$"},
        description="`https:` address that is told of the job's end, by the Standard Webhooks "
        "specification.",
    )
    webhook_events: Endings = Field(
        default=(),
        max_length=4,
        description="Endings that it wants to be told of, separated by commas; none: all of them.",
    )

    @property
    def fingerprint(self) -> str:
        """What of it makes a request another one; "" by default."""
        return self.model_dump_json(exclude_defaults=True) if self != DEFAULT else ""


DEFAULT = JobOptions()


def options_of(scope: Scope, settings: ApiSettings) -> JobOptions:
    """Return the options in the address of a submit.

    Raises:
        ProblemError: `invalid_parameter` or `webhooks_off`.
    """
    if not scope["query_string"]:
        return DEFAULT
    came: dict[str, Any] = {}
    for name, value in pairs_of(scope):
        if name in _LISTS:
            came.setdefault(_LISTS[name], []).append(value)
        elif name in _LISTS.values():
            raise refused_parameter(
                name, "There is no such parameter; each tag is a `tag` of its own"
            )
        elif name in came:
            raise refused_parameter(name, "It came more than once, but has one value")
        else:
            came[name] = value
    return require_allowed(_validated(came), settings)


def require_allowed(options: JobOptions, settings: ApiSettings) -> JobOptions:
    """Return the options if they ask for no more than the settings allow.

    Raises:
        ProblemError: `invalid_parameter` or `webhooks_off`.
    """
    max_seconds = settings.job_deadline_seconds
    for name in ("start_within", "finish_within"):
        seconds = getattr(options, name)
        if seconds is not None and 0 < max_seconds < seconds:
            raise refused_parameter(name, f"No job lives longer than {max_seconds} seconds here")
    start, finish = options.start_within, options.finish_within
    if start is not None and finish is not None and start > finish:
        detail = f"It can't be more than `finish_within`, {counted(finish, 'second')}"
        raise refused_parameter("start_within", detail)
    if options.webhook is not None:
        _require_webhook(options.webhook, settings)
    elif options.webhook_events:
        raise refused_parameter("webhook_events", "There is no `webhook` that could be told")
    return options


def _require_webhook(url: str, settings: ApiSettings) -> None:
    if not settings.webhook_secrets:
        detail = "This service sends no webhooks: GENART_WEBHOOK_SECRETS is not set"
        raise ProblemError("webhooks_off", detail)
    try:
        target = target_of(url, plain_hosts=settings.plain_webhook_hosts)
        if target.is_secure:
            require_public(target.host)
    except NotReachedError as error:
        raise refused_parameter("webhook", f"No webhook can be sent there: {error}") from None


def parameters() -> list[dict[str, Any]]:
    """Return the parameters as the OpenAPI document has them."""
    found = []
    for name, schema in JobOptions.model_json_schema()["properties"].items():
        shape = {k: v for k, v in schema.items() if k not in ("title", "description", "default")}
        if "anyOf" in shape:  # one that may be left out
            shape = {**{k: v for k, v in shape.items() if k != "anyOf"}, **shape["anyOf"][0]}
        elif "default" in schema and name not in _LISTS.values():
            shape["default"] = schema["default"]
        entry = {
            "in": "query",
            "name": next((one for one, many in _LISTS.items() if many == name), name),
            "required": False,
            "description": schema["description"],
            "schema": shape,
        }
        if name == "webhook_events":
            entry |= {"style": "form", "explode": False}
        found.append(entry)
    return found


def _validated(came: dict[str, Any]) -> JobOptions:
    try:
        return JobOptions.model_validate(came)
    except ValidationError as error:
        singular = {many: one for one, many in _LISTS.items()}
        errors: list[dict[str, Any]] = [
            {**e, "loc": ("query", singular.get(str(e["loc"][0]), e["loc"][0]))}
            for e in error.errors(include_url=False)
        ]
        known = [singular.get(name, name) for name in JobOptions.model_fields]
        complaints = complaints_of(errors, fields=known, parameters=True)
        raise ProblemError("invalid_parameter", summary(complaints), errors=complaints) from None
