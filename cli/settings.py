"""Settings of the supervisor, and how a wrong setting of any part is told to the user."""

from typing import TypeVar

from pydantic import Field, ValidationError
from pydantic_settings import SettingsError as UnreadableError

from cli.errors import SettingsError
from genart_core.settings import CoreSettings

_SECRET = ("URL", "KEY", "KEYS", "SECRET", "SECRETS", "TOKEN")  # never shown

S = TypeVar("S", bound=CoreSettings)


class UpSettings(CoreSettings):
    """What `genart up` and `genart worker` need besides."""

    workers: int = Field(
        default=0,
        ge=0,
        le=64,
        description="Number of worker processes; 0: one per visible GPU, else one.",
    )


class ClientSettings(CoreSettings):
    """What commands need that call a service."""

    url: str = Field(
        default="http://127.0.0.1:8000",
        description="Service that `genart run` and `genart jobs` call.",
    )
    key: str = Field(default="", repr=False, description="API key that they send; empty: none.")


def read(settings: type[S]) -> S:
    """Read settings from the environment.

    Raises:
        SettingsError: if one of them is impossible; says which, what came and what is allowed.
    """
    try:
        return settings()
    except ValidationError as error:
        wrong = (_describe(p["loc"], p.get("input"), p["msg"]) for p in error.errors())
        raise SettingsError("; ".join(wrong)) from error
    except UnreadableError as error:
        raise SettingsError(str(error)) from error


def _describe(location: tuple[int | str, ...], came: object, message: str) -> str:
    name = str(location[0]).upper() if location else "SETTINGS"
    if name != "REDIS_URL" and not name.startswith("GENART_"):
        name = f"GENART_{name}"
    message = message.removeprefix("Value error, ")
    is_secret = name.endswith(_SECRET)
    return f"{name}: {message}" if is_secret else f"{name}={came}: {message}"
