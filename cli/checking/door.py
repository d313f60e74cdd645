"""Whether the gateway may be opened to others."""

from redis import Redis

from api.settings import ApiSettings
from cli.errors import SettingsError
from genart_core.jobs.access import read_keys
from genart_core.jobs.store import run


def needs_key(settings: ApiSettings) -> bool:
    """Whether there must be a key before these settings are served."""
    return settings.access == "auto" and not settings.is_loopback


def require_key(settings: ApiSettings, redis: Redis) -> None:
    """Refuse to serve others than this machine as long as there is no key.

    Raises:
        SettingsError: if there is none, and settings don't say that it shall be so.
    """
    if needs_key(settings) and not run(redis, read_keys()).keys:
        raise SettingsError(
            f"GENART_HOST={settings.host} can be reached by others and there is no API key yet; "
            "make one with `genart keys create`, or set GENART_ACCESS=open to serve everybody"
        )
