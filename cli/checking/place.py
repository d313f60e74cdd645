"""Whether this place can carry the service: its home folder, disk, port, Redis and files."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from api.settings import ApiSettings
from cli.checking.findings import Finding, broken, note, ok
from cli.errors import CommandError
from cli.host.embedded import find_server, socket_path
from cli.host.external import check, shown
from cli.host.listener import listen
from genart_core.jobs.connection import connect
from genart_core.settings import CoreSettings

LITTLE_BYTES = 2_000_000_000
LEAST_BYTES = 200_000_000
REDIS_SECONDS = 2.0
_PORT_SECONDS = 2.0


def look_at_home(settings: CoreSettings) -> Iterator[Finding]:
    """Check that state can be written, and that there is room for it."""
    home = settings.home.resolve()
    folder = _nearest(home)
    other = f"set GENART_HOME to a folder of yours, or mend the permissions of {folder}"
    if not folder.is_dir():
        yield broken("home", f"{folder} is no folder", other)
        return
    try:
        _write(folder, is_home=folder == home)
    except OSError as error:
        yield broken("home", f"{folder} can't be written: {error.strerror}", other)
    else:
        made = "" if folder == home else ", to be made"
        yield ok("home", f"{home}{made}")
    yield room(shutil.disk_usage(folder).free, "make room, or set GENART_HOME to another disk")


def look_at_redis(settings: CoreSettings) -> Iterator[Finding]:
    """Check the Redis that is given, else that there is one to start."""
    if settings.redis_url:
        yield from _given(settings.redis_url)
        return
    try:
        server = find_server()
    except CommandError as error:
        yield broken("redis", "REDIS_URL is not set, and none can be started", str(error))
        return
    with connect(f"unix://{socket_path(settings.home.resolve())}") as redis:
        state = "runs for this home" if _answers(redis) else "is started by `genart up`"
    yield ok("redis", f"embedded, {server}; it {state}")


def look_at_port(settings: ApiSettings) -> Iterator[Finding]:
    """Check that the gateway can listen, or already does."""
    address = f"{settings.host}:{settings.port}"
    try:
        listen(settings.host, settings.port).close()
    except CommandError as error:
        if _is_ours(settings):
            yield ok("port", f"{address}, where a genart serves")
        else:
            yield broken("port", str(error), "or end the program that has it")
    else:
        yield ok("port", f"{address} is free" if settings.port else "any that is free")


def look_at_files(settings: CoreSettings) -> Iterator[Finding]:
    """Check that the store of outputs can be opened, and that a bucket is there."""
    from genart_core.jobs.blobs import BlobStore  # here, since fsspec takes its time

    try:
        BlobStore(settings.blobs).reach()
    except (ImportError, ValueError, OSError) as error:
        remedy = "set GENART_BLOB_URL to file:///… or s3://…; for s3: pip install 'genart[s3]'"
        yield broken("files", f"{shown(settings.blobs)}: {error}", remedy)
    else:
        yield ok("files", shown(settings.blobs))
        path = settings.blobs.removeprefix("file://")
        if "://" not in path:
            yield from _other_disk(_nearest(Path(path)), _nearest(settings.home.resolve()))


def room(free: int, remedy: str, what: str = "") -> Finding:
    """Say whether so many free bytes are enough; `what` they are for, if not for all."""
    detail = f"{free / 1e9:.1f} GB free{what}"
    if free < LEAST_BYTES:
        return broken("disk", detail, remedy)
    if free < LITTLE_BYTES:
        return note("disk", f"{detail}; results are kept for a day", remedy)
    return ok("disk", detail)


def _nearest(path: Path) -> Path:
    """Return the folder that is there, on the way to one that may not be."""
    return next(each for each in (path, *path.parents) if each.exists())


def _other_disk(files: Path, home: Path) -> Iterator[Finding]:
    if files.stat().st_dev != home.stat().st_dev:
        remedy = "make room, or set GENART_BLOB_URL to another disk"
        yield room(shutil.disk_usage(files).free, remedy, " for files")


def _write(folder: Path, *, is_home: bool) -> None:
    """Write something; a home that isn't there yet is not made for that."""
    if is_home:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
    elif not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(13, os.strerror(13))


def _given(url: str) -> Iterator[Finding]:
    try:
        check(url, patience_seconds=REDIS_SECONDS)
    except CommandError as error:
        yield broken("redis", str(error), "start it, or leave REDIS_URL empty for an embedded one")
        return
    with connect(url) as redis:
        policy, log = _setting(redis, "maxmemory-policy"), _setting(redis, "appendonly")
    if policy not in ("noeviction", ""):
        remedy = "CONFIG SET maxmemory-policy noeviction"
        yield broken(
            "redis", f"{shown(url)} may throw jobs away (maxmemory-policy {policy})", remedy
        )
    elif log == "no":
        remedy = "CONFIG SET appendonly yes"
        yield note("redis", f"{shown(url)} forgets all jobs when it ends (appendonly no)", remedy)
    else:
        yield ok("redis", shown(url))


def _setting(redis: Redis, name: str) -> str:
    """Return a setting, "" where the server doesn't tell."""
    try:
        found = redis.config_get(name)
    except (RedisError, OSError):
        return ""
    return str(dict(found).get(name, ""))


def _answers(redis: Redis) -> bool:
    try:
        return bool(redis.ping())
    except (RedisError, OSError):
        return False


def _is_ours(settings: ApiSettings) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
    connection = HTTPConnection(host, settings.port, timeout=_PORT_SECONDS)
    try:
        connection.request("GET", "/livez", headers={"Host": "localhost"})
        return b'"status"' in connection.getresponse().read(1000)
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
