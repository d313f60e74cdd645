"""Names in Redis as the Lua transitions (`prelude.lua`) build them; no Python but tests looks."""

from genart_core.jobs.keys import NAMESPACE


def job_key(job_id: str) -> str:
    """Return the key of a job's record (a hash)."""
    return f"{NAMESPACE}:job:{job_id}"


def events_key(job_id: str) -> str:
    """Return the key of a job's event stream."""
    return f"{NAMESPACE}:events:{job_id}"
