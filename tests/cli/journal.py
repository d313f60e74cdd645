"""What stand-in children write down, and children made of them."""

import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from cli.supervising.child import Child, Environment

Preparation = Callable[[], Awaitable[Environment]]

_STAND_IN = Path(__file__).with_name("stand_in.py")


@dataclass(frozen=True)
class Journal:
    """The file that stand-ins of one test share."""

    path: Path

    @property
    def lines(self) -> list[list[str]]:
        """All lines so far, cut at blanks: name, event, then more."""
        return [line.split() for line in self.path.read_text().splitlines()]

    def lives(self, name: str) -> list[tuple[int, str]]:
        """The (pid, epoch) of each life of a child so far."""
        return [(int(x[2]), x[3]) for x in self.lines if x[:2] == [name, "started"]]

    def events(self, *kinds: str) -> list[str]:
        """Return `name event` of these kinds, in order."""
        return [" ".join(x[:2]) for x in self.lines if x[1] in kinds]

    def child(self, name: str, *traits: str, prepare: Preparation | None = None) -> Child:
        """Return a stand-in, which is ready as soon as it has noted its start."""

        async def has_started(environment: Environment) -> bool:
            lives = self.lives(name)
            return bool(lives) and lives[-1][1] == environment.get("GENART_EPOCH", "-")

        command = (sys.executable, "-I", "-S", str(_STAND_IN), name, str(self.path), *traits)
        child = Child(name, command, environment=dict(os.environ), is_ready=has_started)
        return child if prepare is None else replace(child, prepare=prepare)
