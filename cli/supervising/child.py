"""One child process of the supervisor, started anew whenever it ends."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from redis.exceptions import RedisError

from cli.errors import ChildFailedError

Environment = Mapping[str, str]
Say = Callable[[str, str], None]
"""Writes one log line: (who, line)."""

_LEASH = Path(__file__).with_name("leash.py")
_TAIL_LINES = 20
_LINE_BYTES = 1024 * 1024
_PROBE_SECONDS = 0.1
_CALL_SECONDS = 3.0
_FIRST_BACKOFF_SECONDS, _LAST_BACKOFF_SECONDS = 0.5, 10.0
_SHORT_LIFE_SECONDS = 1.0
_MAX_FAILURES = 3
_AWAY = (RedisError, OSError, TimeoutError)


async def _nothing() -> Environment:
    return {}


async def _at_once(environment: Environment) -> bool:
    return True


@dataclass(frozen=True)
class Child:
    """A program to keep running.

    Before each life `prepare()` is called until it succeeds; what it returns is added to the
    environment. `is_ready(environment)` tells whether the life with that environment serves.
    `listener` is handed down as an open socket and closed when the child has to stop.
    """

    name: str
    command: tuple[str, ...]
    environment: Environment = field(default_factory=lambda: dict(os.environ))
    prepare: Callable[[], Awaitable[Environment]] = _nothing
    is_ready: Callable[[Environment], Awaitable[bool]] = _at_once
    listener: socket.socket | None = None


class Keeper:
    """Keeps one child alive: one process at a time, until `close`."""

    def __init__(self, child: Child, say: Say) -> None:
        self.child = child
        self.ready = asyncio.Event()
        self.trouble = ""
        self._say = say
        self._closing = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._served = False

    async def keep(self) -> None:
        """Run life after life; returns after `close`, when the last one has ended.

        A life that had served is followed by the next at once; one that had not, or that was very
        short, after a pause that doubles.

        Raises:
            ChildFailedError: if the first lives all end before they serve.
        """
        failures = 0
        while (environment := await self._prepare()) is not None:
            began = time.monotonic()
            ending = await self._live(environment)
            if self._closing.is_set():
                return
            was_short = time.monotonic() - began < _SHORT_LIFE_SECONDS
            failures = failures + 1 if was_short or not self.ready.is_set() else 0
            self.ready.clear()
            if failures >= _MAX_FAILURES and not self._served:
                raise ChildFailedError(self.child.name, ending, self._tail)
            self._say("genart", f"{self.child.name} {ending}; starting it again")
            await self._pause(_backoff(failures))

    def close(self, grace_seconds: float) -> None:
        """Ask the child to end (SIGTERM) and see to it that it has after the grace."""
        self._closing.set()
        if self.child.listener is not None:
            self.child.listener.close()
        self._send(signal.SIGTERM)
        asyncio.get_running_loop().call_later(grace_seconds, self.kill)

    def kill(self) -> None:
        """End the child at once."""
        self._send(signal.SIGKILL)

    async def _prepare(self) -> Environment | None:
        """Return the next life's environment, None when closing."""
        while not self._closing.is_set():
            try:
                extra = await asyncio.wait_for(self.child.prepare(), _CALL_SECONDS)
            except _AWAY as error:
                self.trouble = str(error) or type(error).__name__
                await self._pause(_PROBE_SECONDS)
                continue
            return None if self._closing.is_set() else {**self.child.environment, **extra}
        return None

    async def _live(self, environment: Environment) -> str:
        """Run one life and return how it ended."""
        listener = self.child.listener
        self._tail.clear()
        self._process = process = await asyncio.create_subprocess_exec(
            *_leashed(self.child.command),
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C in the terminal reaches the supervisor alone
            pass_fds=() if listener is None else (listener.fileno(),),
            limit=_LINE_BYTES,
        )
        if self._closing.is_set():
            self._send(signal.SIGTERM)
        relay = asyncio.create_task(self._relay(cast(asyncio.StreamReader, process.stdout)))
        probe = asyncio.create_task(self._probe(environment))
        code = await process.wait()
        probe.cancel()
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # whatever it may have started itself
        await asyncio.wait((relay, probe), timeout=1.0)
        relay.cancel()
        return f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"

    async def _relay(self, output: asyncio.StreamReader) -> None:
        while True:
            try:
                line = await output.readline()
            except ValueError:  # a line beyond the limit, which is dropped
                continue
            if not line:
                return
            text = line.decode(errors="replace").rstrip()
            self._tail.append(text)
            self._say(self.child.name, text)

    async def _probe(self, environment: Environment) -> None:
        while True:
            try:
                if await asyncio.wait_for(self.child.is_ready(environment), _CALL_SECONDS):
                    break
            except _AWAY as error:
                self.trouble = str(error) or type(error).__name__
            await asyncio.sleep(_PROBE_SECONDS)
        if self._served:
            self._say("genart", f"{self.child.name} is back")
        self._served = True
        self.ready.set()

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)

    def _send(self, number: signal.Signals) -> None:
        """Signal the child's whole group, which it leads."""
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)


def _leashed(command: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-I", "-S", str(_LEASH), str(os.getpid()), *command]


def _backoff(failures: int) -> float:
    if failures == 0:
        return 0.0
    return min(_FIRST_BACKOFF_SECONDS * 2.0 ** (failures - 1), _LAST_BACKOFF_SECONDS)
