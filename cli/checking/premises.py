"""What the settings speak of: whether it is there, before anything is started on it."""

import os
from collections.abc import Iterator
from difflib import get_close_matches

from api.settings import ApiSettings
from cli.errors import CommandError, SettingsError
from cli.host.external import shown
from cli.settings import ClientSettings, UpSettings, read
from genart_core.catalogue import kinds
from genart_core.settings import CoreSettings
from worker.settings import WorkerSettings

_SETTINGS: tuple[type[CoreSettings], ...]
_SETTINGS = (ApiSettings, WorkerSettings, UpSettings, ClientSettings)


def require_premises() -> None:
    """Return if there are the modules with kinds, and the store of files.

    Raises:
        SettingsError: if not; processes that are started all the same end with a traceback.
        CommandError: if the store is away; each job would be made and then fail.
    """
    settings = read(CoreSettings)
    try:
        kinds()
    except (ImportError, AttributeError) as error:
        raise SettingsError(f"GENART_EXTRA_ARTS can't be used: {error}") from error
    if settings.blob_url:
        from genart_core.jobs.blobs import BlobStore  # here, since fsspec takes its time

        named = f"GENART_BLOB_URL={shown(settings.blobs)}"
        try:
            store = BlobStore(settings.blobs)
        except (ImportError, ValueError, OSError) as error:
            raise SettingsError(f"{named} can't be used: {error}") from error
        try:
            store.reach()
        except OSError as error:
            raise CommandError(f"No use of {named}: {error}") from error


def misspelt() -> Iterator[str]:
    """Say of each variable `GENART_…` that is no setting, and which may be meant."""
    known = {f"GENART_{name.upper()}" for each in _SETTINGS for name in each.model_fields}
    for name in sorted(os.environ):
        if name.startswith("GENART_") and name not in known:
            meant = "".join(f"; is {near} meant?" for near in get_close_matches(name, known, n=1))
            yield f"{name} is no setting, so it does nothing{meant}"
