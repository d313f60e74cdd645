"""How the supervisor learns whether a child serves."""

import asyncio
from urllib.parse import urlsplit

from redis.asyncio import Redis as AsyncRedis

from genart_core.jobs import upkeep
from genart_core.jobs.store import arun


async def redis_answers(redis: AsyncRedis) -> bool:
    """Whether Redis serves (it may still be loading its data)."""
    return bool(await redis.ping())


async def worker_is_announced(redis: AsyncRedis, slot: str, epoch: str) -> bool:
    """Whether this very life of a slot has said that it takes jobs."""
    seen = await arun(redis, upkeep.survey(()))
    return any(w.get("slot") == slot and str(w.get("epoch")) == epoch for w in seen.workers)


async def gateway_is_ready(url: str) -> bool:
    """Whether `/readyz` answers 200."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        await writer.drain()
        status = await reader.readline()
    finally:
        writer.close()
    return b" 200 " in status
