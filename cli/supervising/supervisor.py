"""Starts the children, keeps them running, and stops them in order."""

import asyncio
import signal
import time
from asyncio import FIRST_COMPLETED
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from cli.supervising.child import Child, Keeper, Say

_REMIND_SECONDS = 15.0
_IMPATIENT_SECONDS = 1.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Tier:
    """Children that are stopped together.

    `patience_seconds` after their SIGTERM, or when all have ended, the tier before is told to stop;
    `grace_seconds` after it they are killed.
    """

    children: tuple[Child, ...]
    patience_seconds: float
    grace_seconds: float


class Supervisor:
    """Runs tiers of children; a tier stands on those listed before it, and stops before them."""

    def __init__(self, tiers: Sequence[Tier], say: Say) -> None:
        self._say = say
        self._tiers = tuple(tiers)
        self._keepers = {
            child.name: Keeper(child, say) for tier in tiers for child in tier.children
        }
        self._stopping = asyncio.Event()
        self._stop_began = 0.0

    async def run(self, on_ready: Callable[[], Awaitable[None]]) -> None:
        """Run until a signal; `on_ready` is awaited once, when every child serves.

        Raises:
            ChildFailedError: if a child can't be started; the others are stopped by then.
        """
        self._catch_signals()
        kept = {name: asyncio.create_task(k.keep()) for name, k in self._keepers.items()}
        starting = asyncio.create_task(self._start(on_ready))
        stop = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({starting, stop, *kept.values()}, return_when=FIRST_COMPLETED)
            if starting.done():
                starting.result()
            await asyncio.wait({stop, *kept.values()}, return_when=FIRST_COMPLETED)
        finally:
            starting.cancel()
            await self._stop(kept)
            endings = await asyncio.gather(*kept.values(), starting, stop, return_exceptions=True)
        for ending in endings:
            if isinstance(ending, Exception):
                raise ending

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Begin to stop; a second Ctrl-C, not just the echo of the first, kills."""
        now = time.monotonic()
        if not self._stopping.is_set():
            self._stop_began = now
            self._stopping.set()
            self._say("genart", "stopping")
        elif number == signal.SIGINT and now - self._stop_began > _IMPATIENT_SECONDS:
            for keeper in self._keepers.values():
                keeper.kill()

    async def _start(self, on_ready: Callable[[], Awaitable[None]]) -> None:
        """Wait for all children, with a word now and then on those that are not there yet."""
        waits = [asyncio.create_task(keeper.ready.wait()) for keeper in self._keepers.values()]
        try:
            while (await asyncio.wait(waits, timeout=_REMIND_SECONDS))[1]:
                late = (k for k in self._keepers.values() if not k.ready.is_set())
                names = (f"{k.child.name} ({k.trouble or 'no answer yet'})" for k in late)
                self._say("genart", f"still starting: {', '.join(names)}")
        finally:
            for wait in waits:
                wait.cancel()
        await on_ready()

    async def _stop(self, kept: dict[str, asyncio.Task[None]]) -> None:
        self.stop()
        for tier in reversed(self._tiers):
            for child in tier.children:
                self._keepers[child.name].close(tier.grace_seconds)
            ends = [kept[child.name] for child in tier.children]
            if ends:
                await asyncio.wait(ends, timeout=tier.patience_seconds)

    def _catch_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup leaves SIGHUP
                loop.add_signal_handler(number, self.stop, number)
