"""Waiting for jobs without asking Redis again and again.

Every transition publishes `<job id> <version> <status>` on one channel. One subscriber per process
hears them all and wakes those who wait for that job here. Messages can be missed while Redis is
away, so after each new subscription everybody is woken to read again.
"""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from redis.exceptions import RedisError

from api.engine.redis_line import RedisLine
from genart_core.jobs.keys import CHANGED
from genart_core.jobs.record import TERMINAL, JobId

log = logging.getLogger(__name__)

News = Literal["quiet", "changed", "reset", "closed"]
"""Nothing in time; the job has changed; anything may have changed; stop waiting."""

_WEIGHT: dict[News, int] = {"quiet": 0, "changed": 1, "reset": 2, "closed": 3}
_PING_SECONDS = 5.0  # a connection that is silent for twice as long is taken for dead
_RETRY_SECONDS = 0.2


class Watch:
    """One waiter for one job. News that come between two waits are kept."""

    __slots__ = ("_future", "_news", "only_endings")

    def __init__(self, *, only_endings: bool) -> None:
        self.only_endings = only_endings
        self._news: News = "quiet"
        self._future: asyncio.Future[None] | None = None

    def tell(self, news: News) -> None:
        """Wake the waiter."""
        if _WEIGHT[news] > _WEIGHT[self._news]:
            self._news = news
        self._wake()

    async def wait(self, seconds: float) -> News:
        """Return the gravest news since the last wait, at once if there are any."""
        if self._news == "quiet":
            loop = asyncio.get_running_loop()
            self._future = loop.create_future()
            timer = loop.call_later(seconds, self._wake)
            try:
                await self._future
            finally:
                timer.cancel()
                self._future = None
        news = self._news
        if news != "closed":
            self._news = "quiet"
        return news

    def _wake(self) -> None:
        if self._future is not None and not self._future.done():
            self._future.set_result(None)


class Wakeups:
    """The subscriber and those who wait, by job id."""

    def __init__(self, line: RedisLine) -> None:
        self._line = line
        self._waiting: dict[str, set[Watch]] = {}
        self._closed = False
        self.subscribed = asyncio.Event()

    @contextmanager
    def changes(self, job_id: JobId) -> Iterator[Watch]:
        """Be woken at each change of a job. Read the job after entering, or one may be missed."""
        with self._enter(job_id, Watch(only_endings=False)) as watch:
            yield watch

    @contextmanager
    def endings(self, job_id: JobId) -> Iterator[Watch]:
        """Be woken when a job reaches a terminal state; as `changes`."""
        with self._enter(job_id, Watch(only_endings=True)) as watch:
            yield watch

    @property
    def waiting(self) -> int:
        """How many wait at present."""
        return sum(map(len, self._waiting.values()))

    async def listen(self) -> None:
        """Hear messages until canceled, over any outage of Redis."""
        while True:
            try:
                await self._line.listen(CHANGED, self._take, ping_seconds=_PING_SECONDS)
            except (RedisError, OSError, TimeoutError) as error:
                if self.subscribed.is_set():
                    log.warning("not hearing of changes: %s", error)
                self.subscribed.clear()
                await asyncio.sleep(_RETRY_SECONDS)

    def wake_all(self) -> None:
        """Have everybody look again, whatever has changed."""
        self._tell_all("changed")

    def close(self) -> None:
        """Send everybody home, and from now on everybody who comes."""
        self._closed = True
        self._tell_all("closed")

    @contextmanager
    def _enter(self, job_id: JobId, watch: Watch) -> Iterator[Watch]:
        if self._closed:
            watch.tell("closed")
        watches = self._waiting.setdefault(job_id, set())
        watches.add(watch)
        try:
            yield watch
        finally:
            watches.discard(watch)
            if not watches and self._waiting.get(job_id) is watches:
                del self._waiting[job_id]

    def _take(self, found: Sequence[bytes]) -> None:
        if found[0] == b"subscribe":
            self.subscribed.set()
            self._tell_all("reset")
        elif found[0] == b"message":
            job_id, _, rest = found[2].decode(errors="replace").partition(" ")
            watches = self._waiting.get(job_id)
            if watches:
                has_ended = rest.rpartition(" ")[2] in TERMINAL
                for watch in watches:
                    if has_ended or not watch.only_endings:
                        watch.tell("changed")

    def _tell_all(self, news: News) -> None:
        for watches in self._waiting.values():
            for watch in watches:
                watch.tell(news)
