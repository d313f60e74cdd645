"""Jobs that took as long as a test says, without its waiting for them."""

from genart_core.jobs.record import Foreseen, JobId, Placed
from genart_core.jobs.store import text_of
from tests.support.table import Table

FAST = 0.002


def make(table: Table, *, kind: str = "text", cost: float = 1.0, seconds: float = FAST) -> None:
    """Run a job of this cost for so long."""
    job = table.running(kind=kind, cost=cost)
    age(table, job.id, seconds)
    table.commit(job, share_ms=seconds * 1000)


def age(table: Table, job_id: JobId, seconds: float) -> None:
    """Let so much time have passed since all that befell a running job."""
    name, ago = f"genart:job:{job_id}", round(seconds * 1000)
    times = ("created_at", "started_at", "stepped_at")
    held = dict(zip(times, table.redis.hmget(name, times), strict=True))
    table.redis.hset(name, mapping={at: int(ms) - ago for at, ms in held.items() if ms})
    job = table.job(job_id)
    work = f"{job.kind} {job.cost:g} 1 {job.started_at} {job.worker}"
    table.redis.hset("genart:work", job_id, work)
    if foreseen := table.redis.hget(name, "foreseen"):
        noted = [one.rsplit(" ", 1) for one in text_of(foreseen).split(";")]
        moved = ";".join(f"{told} {int(at) - ago}" for told, at in noted)
        table.redis.hset(name, "foreseen", moved)


def placed(table: Table, job_id: JobId) -> Placed:
    found = table.look_up(job_id).placed
    assert found is not None
    return found


def told(table: Table, job_id: JobId) -> Foreseen:
    """Return what is foreseen of a job, which must be something."""
    foreseen = placed(table, job_id).foreseen
    assert foreseen is not None
    return foreseen
