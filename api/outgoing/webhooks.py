"""Tells who wants it that a job has ended: signed, pinned to a public address, tried for days.

Which messages there are stands in Redis (`jobs/hooks.py`), written in the step that ends the job,
so none is lost with a gateway. Every gateway takes some of those that are due; one that dies with a
message gives it to another by its silence. So a message may come twice, under the same id.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import orjson
from redis.exceptions import RedisError

from api.answers.representation import timestamp, view
from api.engine.redis_line import RedisLine
from api.outgoing.dial import Dialer, NotReachedError, Target, target_of
from api.outgoing.post import Answer, post
from api.outgoing.webhook_signature import signed_headers
from genart_core.jobs import hooks
from genart_core.jobs.hooks import Attempt, DueHook, HookStatus
from genart_core.jobs.record import JobId, Placed

log = logging.getLogger(__name__)

RETRY_SECONDS = (
    *(0.0, 5.0, 5 * 60.0, 30 * 60.0),
    *(hours * 3600.0 for hours in (2, 5, 10, 14, 20, 24)),
)
"""When each attempt is made, after the one before: those that the specification proposes."""

TIMEOUT_SECONDS = 15.0
AT_ONCE, PER_CLIENT = 32, 4  # messages on their way from one gateway
MAX_OUTPUTS = 32  # that a message lists
_LEASE_MS = 30_000  # more than an attempt takes
_LOOK_SECONDS = 0.5
_JITTER = 0.2
_MAX_RETRY_AFTER = 24 * 3600.0
_MEMBERS = (
    *("id", "kind", "status", "version", "attempt", "cached", "priority", "tags", "created_at"),
    *("started_at", "finished_at", "expires_at", "outputs", "error", "metrics", "urls"),
)


class Webhooks:
    """Delivers messages until it is canceled."""

    def __init__(
        self,
        redis: RedisLine,
        keys: Sequence[bytes],
        *,
        count: Callable[[str], None],
        keys_of: Callable[[str], Sequence[bytes]] = lambda client: (),
        plain_hosts: frozenset[str] = frozenset(),
        dialer: Dialer | None = None,
        ports: frozenset[int] = frozenset({443}),
        schedule: Sequence[float] = RETRY_SECONDS,
    ) -> None:
        """`count` hears of each attempt's outcome; `plain_hosts` and `ports` as in `dial`.

        `keys_of` a client sign what it is told, if it has some of its own, else `keys` do.
        """
        self._redis = redis
        self._keys = keys
        self._count = count
        self._keys_of = keys_of
        self._plain_hosts = plain_hosts
        self._dialer = dialer or Dialer()
        self._ports = ports
        self.schedule = schedule
        self.timeout_seconds = TIMEOUT_SECONDS
        self.look_seconds = _LOOK_SECONDS
        self._under_way: dict[asyncio.Task[None], str] = {}  # and the client of each

    async def keep_delivering(self) -> None:
        """Look for messages again and again until canceled; while Redis is away, they wait."""
        try:
            while True:
                try:
                    await self._begin_due()
                except RedisError as error:
                    log.info("no webhooks can be read: %s", error)
                await asyncio.sleep(self.look_seconds)
        finally:
            for task in list(self._under_way):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            self._dialer.close()

    async def _begin_due(self) -> None:
        clients = tuple(self._under_way.values())
        room = AT_ONCE - len(clients)
        if not room:
            return
        call = hooks.claim_hooks(room, _LEASE_MS, PER_CLIENT, clients)
        for due in await self._redis.send(call):
            task = asyncio.create_task(self._deliver(due), name=f"webhook {due.job_id}")
            self._under_way[task] = due.client
            task.add_done_callback(self._under_way.pop)

    async def _deliver(self, due: DueHook) -> None:
        body = due.body or message_of(due.placed)  # type: ignore[arg-type]  # one of both is there
        began_at, began = time.time(), time.monotonic()
        answer, error = await self._try(due, body, int(began_at))
        attempt = Attempt(
            at=int(began_at * 1000),
            status=answer.status if answer else None,
            error=error,
            duration_ms=round((time.monotonic() - began) * 1000),
        )
        status, after = self._verdict(answer, due.attempts + 1)
        self._count("retried" if status == "pending" else status)
        call = hooks.note_hook(due, status, attempt, after_ms=round(after * 1000), body=body)
        try:
            await self._redis.send(call)
        except RedisError as trouble:  # it is delivered once more, under the same id
            told = {"fields": {"job_id": due.job_id}}
            log.warning("an attempt to deliver can't be noted: %s", trouble, extra=told)

    async def _try(self, due: DueHook, body: bytes, now: int) -> tuple[Answer | None, str]:
        keys = self._keys_of(due.client) or self._keys
        headers = signed_headers(keys, message_id(due.job_id), now, body)
        try:
            target = self._target(due.url)
            async with asyncio.timeout(self.timeout_seconds):
                answer = await post(self._dialer, target, headers, body)
        except NotReachedError as error:
            return None, str(error)
        except TimeoutError:
            return None, f"no answer within {self.timeout_seconds:g} seconds"
        except Exception:  # counts as an attempt, else it would be tried for ever
            log.exception("an attempt to deliver", extra={"fields": {"job_id": due.job_id}})
            return None, "a fault of ours; it has been logged"
        if 200 <= answer.status < 300:
            return answer, ""
        is_elsewhere = 300 <= answer.status < 400
        return answer, "redirects are not followed" if is_elsewhere else "not accepted"

    def _target(self, url: str) -> Target:
        return target_of(url, self._ports, plain_hosts=self._plain_hosts)

    def _verdict(self, answer: Answer | None, made: int) -> tuple[HookStatus, float]:
        """Return what becomes of a message after so many attempts, and seconds to the next one."""
        if answer is not None and 200 <= answer.status < 300:
            return "delivered", 0.0
        if made >= len(self.schedule) or (answer is not None and answer.status == 410):
            return "failed", 0.0
        after = self.schedule[made] * random.uniform(1.0, 1.0 + _JITTER)
        asked = min(answer.retry_after, _MAX_RETRY_AFTER) if answer else 0.0
        return "pending", max(after, asked)


def message_id(job_id: JobId) -> str:
    """Return what a message is known by, in every attempt: a job has one end."""
    return f"msg_{job_id}"


def message_of(placed: Placed) -> bytes:
    """Return the body about a job that has ended: what it is and where its results are."""
    whole = view(placed)
    data: dict[str, Any] = {name: whole[name] for name in _MEMBERS}
    data["output_count"] = len(data["outputs"])
    data["outputs"] = data["outputs"][:MAX_OUTPUTS]
    kind = f"job.{placed.job.status}"
    when = timestamp(placed.job.finished_at)
    return orjson.dumps({"type": kind, "timestamp": when, "data": data})
