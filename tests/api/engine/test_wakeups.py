import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from redis import Redis

from api.engine import wakeups as module
from api.engine.redis_line import RedisLine
from api.engine.wakeups import Wakeups
from genart_core.jobs.keys import CHANGED
from genart_core.jobs.record import new_job_id
from tests.support.valkey import Valkey

JOB, OTHER = new_job_id(), new_job_id()


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[Wakeups]:
    wakeups = Wakeups(RedisLine(url, patience_seconds=5))
    task = asyncio.create_task(wakeups.listen())
    await asyncio.wait_for(wakeups.subscribed.wait(), 5)
    try:
        yield wakeups
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def run(url: str, test: Callable[[Wakeups], Awaitable[None]]) -> None:
    async def main() -> None:
        async with listening(url) as wakeups:
            await test(wakeups)

    asyncio.run(main())


def test_change_wakes_those_who_wait_for_that_job(redis: Redis, redis_url: str) -> None:
    async def test(wakeups: Wakeups) -> None:
        with wakeups.changes(JOB) as mine, wakeups.changes(OTHER) as other:
            redis.publish(CHANGED, f"{JOB} 2 running")
            assert await mine.wait(5) == "changed"
            assert await other.wait(0.05) == "quiet"
        assert wakeups.waiting == 0

    run(redis_url, test)


def test_those_who_wait_for_the_end_sleep_through_the_rest(redis: Redis, redis_url: str) -> None:
    async def test(wakeups: Wakeups) -> None:
        with wakeups.endings(JOB) as ending, wakeups.changes(JOB) as change:
            redis.publish(CHANGED, f"{JOB} 2 running")
            assert await change.wait(5) == "changed"
            assert await ending.wait(0.05) == "quiet"
            redis.publish(CHANGED, f"{JOB} 3 failed")
            assert await ending.wait(5) == "changed"

    run(redis_url, test)


def test_news_between_two_waits_are_kept(redis: Redis, redis_url: str) -> None:
    async def test(wakeups: Wakeups) -> None:
        with wakeups.changes(JOB) as first, wakeups.changes(JOB) as second:
            redis.publish(CHANGED, f"{JOB} 2 running")
            assert await first.wait(5) == "changed"  # both have been told by now
            assert await second.wait(0) == "changed"
            assert await second.wait(0) == "quiet"

    run(redis_url, test)


def test_junk_on_the_channel_is_ignored(redis: Redis, redis_url: str) -> None:
    async def test(wakeups: Wakeups) -> None:
        with wakeups.changes(JOB) as watch:
            for junk in ("", " ", "x", JOB[:-1], b"\xff\x00"):
                redis.publish(CHANGED, junk)
            redis.publish(CHANGED, f"{JOB} 2 running")
            assert await watch.wait(5) == "changed"

    run(redis_url, test)


def test_after_close_nobody_waits_any_more(redis_url: str) -> None:
    async def test(wakeups: Wakeups) -> None:
        with wakeups.changes(JOB) as watch:
            waiting = asyncio.create_task(watch.wait(30))
            await asyncio.sleep(0)
            wakeups.close()
            assert await waiting == "closed"
            assert await watch.wait(30) == "closed"
        with wakeups.changes(OTHER) as late:
            assert await late.wait(30) == "closed"

    run(redis_url, test)


def test_silent_channel_is_kept_by_pings(
    redis: Redis, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PING_SECONDS", 0.05)

    async def test(wakeups: Wakeups) -> None:
        with wakeups.changes(JOB) as watch:
            assert await watch.wait(0.6) == "quiet"
            redis.publish(CHANGED, f"{JOB} 2 running")
            assert await watch.wait(5) == "changed"

    run(redis_url, test)


def test_connection_that_hangs_is_given_up_and_made_anew(
    valkey: Valkey, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PING_SECONDS", 0.1)
    pid = int(redis.info("server")["process_id"])

    async def test(wakeups: Wakeups) -> None:
        with wakeups.changes(JOB) as watch:
            os.kill(pid, signal.SIGSTOP)
            try:
                while wakeups.subscribed.is_set():
                    await asyncio.sleep(0.01)
            finally:
                os.kill(pid, signal.SIGCONT)
            assert await watch.wait(10) == "reset"
            redis.publish(CHANGED, f"{JOB} 2 running")
            assert await watch.wait(5) == "changed"

    run(valkey.url, test)
