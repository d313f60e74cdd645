"""Submitting jobs for the kinds of `tests.support.arts`."""

import json
from typing import Any

from genart_core.jobs.keys import DOORBELL
from genart_core.jobs.record import JobId, new_job_id
from genart_core.jobs.store import Call, run
from tests.support.arts import StepsRequest
from tests.support.table import Table
from tests.support.waiting import wait_for


def queue_art(table: Table, kind: str = "steps", client: str = "ann", **fields: Any) -> JobId:
    """Submit a request with these fields; `seed` is 1 unless given."""
    return table.queue(client, kind=kind, **_facts(fields))


def queue_unheard(table: Table, kind: str = "steps", **fields: Any) -> JobId:
    """Submit a job whose doorbell is lost before anybody can hear it."""
    job_id = new_job_id()
    submission = table.submission(kind=kind, job_id=job_id, **_facts(fields))
    with table.redis.pipeline(transaction=True) as both:
        run(both, Call(submission.script, submission.args, lambda pipeline: None))
        both.delete(DOORBELL)
        both.execute()
    return job_id


def request_of(table: Table, job_id: JobId) -> StepsRequest:
    """Return the request of a job, to compare its output with `verse`."""
    return StepsRequest.model_validate(table.job(job_id).request)


def wait_for_status(table: Table, job_id: JobId, *statuses: str, seconds: float = 30) -> str:
    """Return the status of a job as soon as it is one of these."""

    def look() -> str:
        status = table.job(job_id).status
        return status if status in statuses else ""

    return wait_for(look, seconds, f"{job_id} is {' or '.join(statuses)}")


def _facts(fields: dict[str, Any]) -> dict[str, Any]:
    body = {"seed": 1, **fields}
    if "journal" in fields:
        body["journal"] = str(fields["journal"])
    return {
        "batch_key": str(fields.get("group", fields.get("model", ""))),
        "cost": float(fields.get("steps", 3)),
        "request": json.dumps(body),
    }
