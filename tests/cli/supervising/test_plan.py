"""Which children there are, and how long they may take to leave."""

import asyncio
import socket
from pathlib import Path

import pytest

from cli.host.embedded import embed
from cli.host.machine import Machine
from cli.host.slots import plan_slots
from cli.supervising.plan import Plan, tiers
from genart_core.jobs.connection import aconnect
from tests.support.table import Table
from worker.settings import WorkerSettings

KILLED_AFTER_SECONDS = 10.0  # by `docker stop`; Kubernetes waits longer


def test_all_have_left_before_a_container_is_killed(tmp_path: Path) -> None:
    embedded, slots = embed(tmp_path), plan_slots("cpu", 2, Machine())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        plan = Plan("up", tmp_path, embedded.url, slots, WorkerSettings(), embedded, listener)
        found = tiers(plan, aconnect(embedded.url, connections=1), lambda who, line: None)

    told, gone = 0.0, []
    for tier in reversed(found):
        gone.append(told + tier.grace_seconds)
        told += tier.patience_seconds

    names = [[child.name for child in tier.children] for tier in found]
    assert names == [["redis"], ["worker-0", "worker-1"], ["gateway"]]
    assert max(gone) < KILLED_AFTER_SECONDS


@pytest.mark.parametrize(("jobs", "said"), [(1, "1 job of worker-0"), (2, "2 jobs of worker-0")])
def test_what_a_worker_left_behind_is_counted_in_words(
    jobs: int, said: str, table: Table, redis_url: str, tmp_path: Path
) -> None:
    lines: list[str] = []
    plan = Plan("1", tmp_path, redis_url, plan_slots("cpu", 1, Machine()), WorkerSettings())
    for _ in range(jobs):
        table.queue()
    for _ in range(jobs):
        table.take(plan.slot_names[0])

    async def restart() -> None:
        async with aconnect(redis_url, connections=1) as redis:
            (workers,) = tiers(plan, redis, lambda who, line: lines.append(line))
            await workers.children[0].prepare()

    asyncio.run(restart())

    assert lines == [f"{said} went back into the line"]
