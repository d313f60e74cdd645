"""Holding an answer back until a job has something new to say (`Prefer: wait=n`)."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from starlette.types import Receive

from api.dependencies import Gateway
from api.engine.wakeups import Watch
from api.http.errors import ProblemError
from api.submitting.submission import Awaited, Entered
from genart_core.jobs.caller import Found, get
from genart_core.jobs.record import Job, JobId

_SHORT_SECONDS = 0.25  # so long nobody asks whether the caller is still there: most jobs are quick


@dataclass(frozen=True, slots=True)
class Patience:
    """A caller who waits for `seconds` at most, heard through `receive`."""

    seconds: float
    receive: Receive


async def wait_for_end(gateway: Gateway, job_id: JobId, client: str, patience: Patience) -> Found:
    """Return the job once it is terminal, or as it is when patience ends."""
    with gateway.wakeups.endings(job_id) as watch:
        waiting = _Waiting(gateway, job_id, client, watch, _has_ended)
        return await waiting.run(patience, await waiting.read())


async def wait_for_change(
    gateway: Gateway,
    job_id: JobId,
    client: str,
    patience: Patience,
    *,
    is_news: Callable[[Job], bool],
) -> Found:
    """Return the job once it `is_news`, or as it is when patience ends."""
    with gateway.wakeups.changes(job_id) as watch:
        waiting = _Waiting(gateway, job_id, client, watch, is_news)
        return await waiting.run(patience, await waiting.read())


async def submit_and_wait(
    gateway: Gateway,
    job_id: JobId,
    client: str,
    patience: Patience,
    submit: Callable[[], Awaitable[Awaited]],
) -> Entered:
    """Submit a job under `job_id`; return it once it is terminal, or as it is when patience ends.

    The watch is opened before the job exists, so it needn't be read before it is waited for. A
    replay is another job and is waited for as such.

    Raises:
        ProblemError: `gone` if it is deleted meanwhile, or whatever `submit` raises.
    """
    with gateway.wakeups.endings(job_id) as watch:
        entered = await submit()
        if entered.placed is None:
            waiting = _Waiting(gateway, job_id, client, watch, _has_ended)
            found = await waiting.run(patience)
            if found.placed is None:
                raise ProblemError("gone", f"Job {job_id} was deleted while it was waited for")
            return Entered(found.placed, entered.is_replay, entered.headers)
    placed = entered.placed
    if not placed.job.is_terminal:
        found = await wait_for_end(gateway, placed.job.id, client, patience)
        placed = found.placed or placed
    return Entered(placed, entered.is_replay, entered.headers)


@asynccontextmanager
async def until_hang_up(watch: Watch, receive: Receive) -> AsyncIterator[None]:
    """Close the watch when the caller hangs up, so that nothing is held for nobody."""

    async def listen() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        watch.tell("closed")

    listening = asyncio.create_task(listen())
    try:
        yield
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening


@dataclass(frozen=True, slots=True)
class _Waiting:
    """One caller's wait for one job."""

    gateway: Gateway
    job_id: JobId
    client: str
    watch: Watch
    is_enough: Callable[[Job], bool]

    async def read(self) -> Found:
        return await self.gateway.ask(get(self.job_id, self.client))

    async def run(self, patience: Patience, found: Found | None = None) -> Found:
        """Read at each wake-up until it is enough or patience ends; `found` is what was read."""
        deadline = time.monotonic() + patience.seconds
        found, is_over = await self._until(min(deadline, time.monotonic() + _SHORT_SECONDS), found)
        if is_over or time.monotonic() >= deadline:
            return found or await self.read()
        async with until_hang_up(self.watch, patience.receive):
            return (await self._until(deadline, found))[0] or await self.read()

    async def _until(self, deadline: float, found: Found | None) -> tuple[Found | None, bool]:
        """Return the job at the latest when `deadline` has come, and whether to wait no more."""
        while found is None or (found.placed and not self.is_enough(found.placed.job)):
            left = deadline - time.monotonic()
            if left <= 0:
                return found, False
            news = await self.watch.wait(left)
            if news == "closed":
                return found, True
            found = await self.read()
        return found, True


def _has_ended(job: Job) -> bool:
    return job.is_terminal
