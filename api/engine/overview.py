"""What the gateway knows of the whole engine: at most a few seconds old, read in the background."""

import asyncio
import logging
import math
import time
from collections import deque
from pathlib import Path

from redis.exceptions import RedisError

from api.engine.model_index import ModelIndex
from api.engine.redis_line import RedisLine
from genart_core.catalogue import Kind
from genart_core.jobs.record import TERMINAL
from genart_core.jobs.upkeep import Pace, Survey, paces, survey

log = logging.getLogger(__name__)

REFRESH_SECONDS = 2.0
_WINDOW_SECONDS = 30.0  # over which the rate of endings is measured
_MIN_RETRY, _MAX_RETRY = 1, 60
_UNMEASURED_RETRY = 5


class Overview:
    """The last survey, the models there are, how fast kinds are made and how fast jobs end."""

    def __init__(self, redis: RedisLine, home: Path, kinds: dict[str, Kind]) -> None:
        self._redis = redis
        self._kinds = kinds
        self._endings: deque[tuple[float, int]] = deque()  # (when, endings so far)
        self._busy: deque[tuple[float, float, int]] = deque()  # (when, seconds, endings in them)
        self._refreshed_at = -math.inf
        self._lock = asyncio.Lock()
        self.survey: Survey | None = None
        self.paces: dict[str, Pace] = {}
        self.models = ModelIndex(home, kinds)

    async def keep_fresh(self) -> None:
        """Read again every few seconds until canceled."""
        while True:
            await self.refresh()
            await asyncio.sleep(REFRESH_SECONDS)

    async def refresh(self, max_age_seconds: float = 0.0) -> None:
        """Read everything again, unless it was read less than `max_age_seconds` ago.

        While Redis is away the last survey stands.
        """
        async with self._lock:
            if time.monotonic() - self._refreshed_at < max_age_seconds:
                return
            try:
                self._note(await self._redis.send(survey(tuple(self._kinds))), time.monotonic())
                self.paces = await self._redis.send(paces(tuple(self._kinds)))
            except RedisError as error:
                log.info("no survey: %s", error)  # those who need Redis will complain
            await self.models.read(self.survey.workers if self.survey else ())
            self._refreshed_at = time.monotonic()

    def memory_for(self, kind: str) -> int | None:
        """Return the bytes that the roomiest live worker offers jobs of a kind.

        None if no worker makes them, or one doesn't say what it has.
        """
        workers = self.survey.workers if self.survey else ()
        offers = [
            worker.get("free_memory") for worker in workers if kind in worker.get("kinds", ())
        ]
        told = [bytes_ for bytes_ in offers if isinstance(bytes_, int)]
        return max(told) if told and len(told) == len(offers) else None

    def seconds_until_room(self, jobs: int = 1) -> int:
        """Return when `jobs` jobs, whosever, will have ended at the rate of the last seconds."""
        rate = self._endings_per_second()
        if rate == 0.0:
            return _UNMEASURED_RETRY if self.survey and self.survey.workers else _MAX_RETRY
        return min(max(math.ceil(jobs / rate), _MIN_RETRY), _MAX_RETRY)

    @property
    def ending_ms(self) -> float:
        """How often a job ended of late while others waited; 0 = nothing is known of that.

        Of the rest nothing can be told: with little to do, little ends.
        """
        ended = sum(endings for _, _, endings in self._busy)
        return sum(seconds for _, seconds, _ in self._busy) / ended * 1000 if ended else 0.0

    def seconds_until_quota(self, own: int) -> int:
        """Return when one of a client's `own` unfinished jobs will have ended.

        Taking turns, its jobs are at worst as thinly spread among those that end as among those
        that are unfinished.
        """
        if self.survey is None:
            return _UNMEASURED_RETRY
        unfinished = self.survey.leases + sum(waiting for waiting, _ in self.survey.ready.values())
        seconds = self.seconds_until_room(max(math.ceil(unfinished / own), 1))
        if self.survey.workers and not _anybody_waits(self.survey):
            return min(seconds, _UNMEASURED_RETRY)  # with little to do, little has ended
        return seconds

    def _note(self, found: Survey, now: float) -> None:
        ended = sum(n for (_, status), n in found.outcomes.items() if status in TERMINAL)
        if self._endings and self.survey and _anybody_waits(self.survey) and _anybody_waits(found):
            last, before = self._endings[-1]
            self._busy.append((now, now - last, max(ended - before, 0)))
        while self._busy and self._busy[0][0] < now - _WINDOW_SECONDS:
            self._busy.popleft()
        self.survey = found
        self._endings.append((now, ended))
        while self._endings[0][0] < now - _WINDOW_SECONDS:
            self._endings.popleft()

    def _endings_per_second(self) -> float:
        if len(self._endings) < 2:
            return 0.0
        (since, before), (until, after) = self._endings[0], self._endings[-1]
        return max(after - before, 0) / max(until - since, 1e-3)


def _anybody_waits(survey: Survey) -> bool:
    return any(waiting for waiting, _ in survey.ready.values())
