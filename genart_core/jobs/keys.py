"""Names in Redis that Python needs; the Lua transitions (`lua/prelude.lua`) build the same ones."""

NAMESPACE = "genart"

CHANGED = f"{NAMESPACE}:changed"
"""Channel that carries `<job id> <version> <status>` for each change."""

DOORBELL = f"{NAMESPACE}:doorbell"
"""The Celery queue."""


def job_key(job_id: str) -> str:
    """Return the key of a job's record (a hash)."""
    return f"{NAMESPACE}:job:{job_id}"


def events_key(job_id: str) -> str:
    """Return the key of a job's event stream."""
    return f"{NAMESPACE}:events:{job_id}"
