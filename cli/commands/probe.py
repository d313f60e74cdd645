"""`genart probe`: whether the workers that were started here take jobs.

For the health checks of containers, whose home folder may be shared with others: the slots of this
machine's supervisors are read from their locks, and each must have been heard of in Redis.
"""

import typer
from redis.exceptions import RedisError

from cli.errors import CommandError
from cli.host.embedded import socket_path
from cli.host.external import shown
from cli.host.lock import noted_slots
from cli.settings import read
from cli.supervising.plan import instance
from genart_core.jobs.connection import connect
from genart_core.jobs.store import run
from genart_core.jobs.upkeep import survey
from genart_core.settings import CoreSettings
from genart_core.words import counted


def look() -> None:
    """Say how many workers take jobs.

    Raises:
        CommandError: if there are none here, or one was not heard of during the last 10 s.
    """
    settings = read(CoreSettings)
    home = settings.home.resolve()
    ours = f"{instance(home)}-" if home.is_dir() else ""
    wanted = {slot for slot in noted_slots(home) if slot.startswith(ours)}
    if not wanted:
        raise CommandError(f"No workers were started on GENART_HOME={home} on this machine")
    url = settings.redis_url or f"unix://{socket_path(home)}"
    if silent := sorted(wanted - _announced(url)):
        raise CommandError(
            f"{len(silent)} of {len(wanted)} workers are silent: {', '.join(silent)}"
        )
    takes = "takes" if len(wanted) == 1 else "take"
    typer.echo(f"{counted(len(wanted), 'worker')} {takes} jobs")


def _announced(url: str) -> set[str]:
    try:
        with connect(url) as redis:
            return {str(facts.get("slot")) for facts in run(redis, survey(())).workers}
    except (RedisError, OSError) as error:
        raise CommandError(f"No use of REDIS_URL={shown(url)}: {error}") from error
