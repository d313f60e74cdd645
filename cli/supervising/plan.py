"""Which children make up the service, and in which order they stop."""

import os
import platform
import secrets
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis as AsyncRedis

from cli.host.embedded import EmbeddedRedis
from cli.host.listener import url_of
from cli.host.slots import Slot
from cli.supervising.child import Child, Environment, Say
from cli.supervising.probes import gateway_is_ready, redis_answers, worker_is_announced
from cli.supervising.supervisor import Tier
from genart_core.jobs import upkeep
from genart_core.jobs.store import arun
from genart_core.words import counted
from worker.settings import WorkerSettings

# What is added to the workers' drain when all stop; in all less than 2 s.
_GATEWAY_HEAD_START_SECONDS = 0.3  # it has stopped listening by then
_WORKER_FLUSH_SECONDS = 0.9
_REDIS_GRACE_SECONDS = 0.5

# -P: a folder named `api` or `worker` where the command is run must not shadow ours.
_MODULE = (sys.executable, "-P", "-m")


@dataclass(frozen=True)
class Plan:
    """What to run. No `embedded`: Redis is somebody else's; no `listener`: no gateway.

    `name` tells this supervisor from the others on the same home.
    """

    name: str
    home: Path
    redis_url: str
    slots: tuple[Slot, ...]
    settings: WorkerSettings
    embedded: EmbeddedRedis | None = None
    listener: socket.socket | None = None

    @property
    def environment(self) -> Environment:
        """What every child is told."""
        told = {"GENART_HOME": str(self.home), "REDIS_URL": self.redis_url, "PYTHONUNBUFFERED": "1"}
        return {k: v for k, v in os.environ.items() if k != "GENART_REDIS_URL"} | told

    @property
    def slot_names(self) -> tuple[str, ...]:
        """Under which names the workers announce themselves."""
        return tuple(f"{instance(self.home)}-{self.name}-{slot.index}" for slot in self.slots)


def tiers(plan: Plan, redis: AsyncRedis, say: Say) -> list[Tier]:
    """Return the children: Redis, the workers that stand on it, and the gateway above them."""
    drain = plan.settings.drain_seconds + _WORKER_FLUSH_SECONDS
    named = zip(plan.slots, plan.slot_names, strict=True)
    workers = tuple(_worker(plan, redis, slot, name, say=say) for slot, name in named)
    found = [Tier(workers, drain + 0.1, drain)]
    if plan.embedded is not None:
        server = _redis(plan.embedded, redis)
        found.insert(0, Tier((server,), _REDIS_GRACE_SECONDS, _REDIS_GRACE_SECONDS))
    if plan.listener is not None:
        gateway = _gateway(plan, plan.listener)
        found.append(Tier((gateway,), _GATEWAY_HEAD_START_SECONDS, drain))
    return found


def _redis(embedded: EmbeddedRedis, redis: AsyncRedis) -> Child:
    return Child(
        name="redis",
        command=embedded.command,
        environment={**os.environ, "LC_ALL": "C"},  # it ends at once in a locale it can't find
        is_ready=lambda _: redis_answers(redis),
    )


def _gateway(plan: Plan, listener: socket.socket) -> Child:
    url = url_of(listener)
    return Child(
        name="gateway",
        command=(*_MODULE, "cli.gateway", str(listener.fileno())),
        environment=plan.environment,
        is_ready=lambda _: gateway_is_ready(url),
        listener=listener,
    )


def _worker(plan: Plan, redis: AsyncRedis, slot: Slot, name: str, *, say: Say) -> Child:
    async def open_slot() -> Environment:
        opened = await arun(redis, upkeep.open_slot(name, plan.settings.keep_ms))
        if opened.released:
            jobs = counted(opened.released, "job")
            say("genart", f"{jobs} of worker-{slot.index} went back into the line")
        return {"GENART_EPOCH": str(opened.epoch)}

    return Child(
        name=f"worker-{slot.index}",
        command=(*_MODULE, "worker.main"),
        environment={**plan.environment, **slot.environment, "GENART_SLOT": name},
        prepare=open_slot,
        is_ready=lambda life: worker_is_announced(redis, name, life["GENART_EPOCH"]),
    )


def instance(home: Path) -> str:
    """Return a name for this home folder on this machine that no other on the same Redis has.

    Opening a slot takes its jobs back, so two supervisors must never open the same one.
    """
    file = home / "instance"
    if not file.exists():
        draft = home / f"instance-{os.getpid()}"
        draft.write_text(secrets.token_hex(4))
        draft.replace(file)  # whole at once: another supervisor may be reading it
    return f"{platform.node() or 'host'}-{file.read_text()}"
