"""Jobs that took as long as a test says, without its waiting for them."""

from genart_core.jobs.record import JobId
from tests.support.table import Table

FAST = 0.002


def make(table: Table, *, kind: str = "text", cost: float = 1.0, seconds: float = FAST) -> None:
    """Run a job of this cost for so long."""
    job = table.running(kind=kind, cost=cost)
    age(table, job.id, seconds)
    table.commit(job, share_ms=seconds * 1000)


def age(table: Table, job_id: JobId, seconds: float) -> None:
    """Have a job that was begun just after its submit both so much earlier."""
    job, name = table.job(job_id), f"genart:job:{job_id}"
    begun = job.started_at - round(seconds * 1000)
    table.redis.hset(name, "started_at", begun)
    table.redis.hset("genart:work", job_id, f"{job.kind} {job.cost:g} 1 {begun} {job.worker}")
    if foreseen := table.redis.hget(name, "foreseen"):
        told = bytes(foreseen).decode().rpartition(" ")[0]  # type: ignore[arg-type]  # it is bytes
        table.redis.hset(name, "foreseen", f"{told} {begun}")
