"""Containers of an image: run by an engine, or by chroot where no engine can run any.

Both ways as docker-compose.yml does, but in the host's network: a root that is read-only, the
image's own user, no capability, and nothing to write to but `/tmp` and volumes.
"""

import os
import secrets
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from deploy.image import Image

Volumes = Mapping[str, str]  # where it is mounted: its name

_STOP_SECONDS = 20.0  # as docker-compose.yml has it for the workers


class Container(Protocol):
    """A program that runs in an image."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def execute(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run another program beside it, as health checks are run."""

    def stop(self) -> int:
        """Send SIGTERM; return the exit code. SIGKILL follows if it lingers."""


class Runner(Protocol):
    """Runs images."""

    def volume(self, image: Image) -> str:
        """Make a volume that belongs to the image's user."""

    def run(
        self, image: Image, *words: str, volumes: Volumes, env: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        """Run to the end."""

    def start(
        self, image: Image, *words: str, volumes: Volumes, env: Mapping[str, str]
    ) -> Container:
        """Start a program; without words the one that the image starts by itself."""


class _Started:
    """A program in the foreground; `prefix` is put before what runs beside it."""

    def __init__(self, command: Sequence[str], prefix: Sequence[str], log: Path) -> None:
        self.log = log
        self._prefix = prefix
        with log.open("ab") as file:
            self.process = subprocess.Popen(command, stdout=file, stderr=file)

    def execute(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run another program beside it."""
        return _run([*self._prefix, *words])

    def stop(self) -> int:
        """Send SIGTERM and wait."""
        self.process.terminate()
        try:
            return self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


class Engine:
    """Docker or Podman."""

    def __init__(self, program: str, folder: Path) -> None:
        """Keep logs in `folder`."""
        self._program, self._folder = program, folder
        self._volumes: list[str] = []

    def volume(self, image: Image) -> str:
        """Make one; an engine gives it the owner that the image's folder has."""
        del image
        self._volumes.append(f"genart-check-{secrets.token_hex(4)}")
        _run([self._program, "volume", "create", self._volumes[-1]], must=True)
        return self._volumes[-1]

    def run(
        self, image: Image, *words: str, volumes: Volumes, env: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        """Run to the end."""
        entry, *arguments = words
        options = self._options(volumes, env)
        command = (self._program, "run", "--rm", *options, "--entrypoint", entry)
        return _run([*command, image.name, *arguments])

    def start(
        self, image: Image, *words: str, volumes: Volumes, env: Mapping[str, str]
    ) -> Container:
        """Start a program."""
        name = f"genart-check-{secrets.token_hex(4)}"
        options = (*self._options(volumes, env), "--name", name)
        entry = ("--entrypoint", words[0]) if words else ()
        command = (self._program, "run", "--rm", "--init", *options, *entry, image.name, *words[1:])
        return _Started(command, (self._program, "exec", name), self._folder / f"{name}.log")

    def remove_volumes(self) -> None:
        """Remove those that were made."""
        if self._volumes:
            _run([self._program, "volume", "rm", "--force", *self._volumes])

    def _options(self, volumes: Volumes, env: Mapping[str, str]) -> Iterator[str]:
        yield from ("--network=host", "--read-only", "--cap-drop=ALL", "--tmpfs=/tmp")
        yield "--security-opt=no-new-privileges"
        yield from (f"--volume={name}:{place}" for place, name in volumes.items())
        yield from (f"--env={name}={value}" for name, value in env.items())


class Chroot:
    """The image's tree, mounted read-only in a mount namespace of its own. Needs root."""

    def __init__(self, folder: Path) -> None:
        """Keep volumes and logs in `folder`."""
        self._folder = folder

    def volume(self, image: Image) -> str:
        """Make a folder that belongs to the image's user."""
        path = tempfile.mkdtemp(dir=self._folder)
        os.chown(path, *image.user)
        return path

    def run(
        self, image: Image, *words: str, volumes: Volumes, env: Mapping[str, str]
    ) -> "subprocess.CompletedProcess[str]":
        """Run to the end."""
        return _run([*self._prefix(image, volumes, env), *words])

    def start(
        self, image: Image, *words: str, volumes: Volumes, env: Mapping[str, str]
    ) -> Container:
        """Start a program."""
        prefix = self._prefix(image, volumes, env)
        log = self._folder / f"{secrets.token_hex(4)}.log"
        return _Started([*prefix, *(words or image.command)], prefix, log)

    def _prefix(self, image: Image, volumes: Volumes, env: Mapping[str, str]) -> list[str]:
        """Return what a program's words are put behind; each exec keeps the process' id."""
        at = tempfile.mkdtemp(dir=self._folder)
        quoted = shlex.quote(str(image.tree))
        mounts = [
            f"mount --bind {quoted} {at}",
            f"mount -o remount,bind,ro,nosuid {at}",
            f"mount -t tmpfs -o nosuid,nodev,noexec tmpfs {at}/tmp",  # noqa: S108
            f"mount --rbind /dev {at}/dev",
            f"mount --rbind /proc {at}/proc",
            *(f"mount --bind {name} {at}{place}" for place, name in volumes.items()),
        ]
        user, group = image.user
        inside = f"chroot --userspec={user}:{group} --groups={group} {at}"
        script = f'set -e; {"; ".join(mounts)}; exec setpriv --no-new-privs {inside} "$@"'
        told = (f"{name}={value}" for name, value in {**image.env, **env}.items())
        enter = ("unshare", "--mount", "sh", "-c", script, "sh")
        return [*enter, "env", "-i", "-C", image.folder, *told]


@contextmanager
def runner(program: str, folder: Path) -> Iterator[Runner]:
    """Yield what runs images: `docker` or `podman`, or `chroot` without either."""
    if program == "chroot":
        yield Chroot(folder)
        return
    engine = Engine(program, folder)
    try:
        yield engine
    finally:
        engine.remove_volumes()


def _run(command: Sequence[str], *, must: bool = False) -> "subprocess.CompletedProcess[str]":
    options: dict[str, Any] = {"capture_output": True, "text": True}
    return subprocess.run(command, check=must, **options)
