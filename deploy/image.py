"""Images: built from the Dockerfiles, and what they say of themselves."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Image:
    """An image that `builder` (`docker` or `podman`) holds under a name."""

    builder: str
    name: str

    @cached_property
    def _facts(self) -> Any:
        return json.loads(_told(self.builder, "image", "inspect", self.name))[0]

    @property
    def env(self) -> dict[str, str]:
        """Its environment."""
        return dict(line.split("=", 1) for line in self._facts["Config"]["Env"])

    @property
    def command(self) -> tuple[str, ...]:
        """What it starts by itself."""
        config = self._facts["Config"]
        return (*(config.get("Entrypoint") or ()), *(config.get("Cmd") or ()))

    @property
    def folder(self) -> str:
        """Where its programs begin."""
        return str(self._facts["Config"]["WorkingDir"])

    @property
    def user(self) -> tuple[int, int]:
        """Its user and group, which have to be numbers."""
        user, _, group = self._facts["Config"]["User"].partition(":")
        return int(user), int(group)

    @property
    def health(self) -> tuple[str, ...]:
        """The words of its health check."""
        check = self._facts["Config"].get("Healthcheck") or self._facts.get("Healthcheck")
        kind, *words = check["Test"]
        assert kind == "CMD", kind
        return tuple(words)

    @property
    def bytes(self) -> int:
        """Its size, layers of the base included."""
        return int(self._facts["Size"])

    @cached_property
    def tree(self) -> Path:
        """Its files, mounted by Podman."""
        return Path(_told(self.builder, "image", "mount", self.name).strip())


def build(image: Image, file: str, *, base: str, options: Sequence[str]) -> None:
    """Build an image; the builder's own words go to standard output."""
    chosen = (f"--build-arg=BASE={base}",) if base else ()
    command = (image.builder, "build", "--file", file, "--tag", image.name, *chosen, *options, ".")
    subprocess.run(command, cwd=ROOT, check=True)


def _told(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout
