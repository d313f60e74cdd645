"""The service that most people would write: FastAPI, Celery, a result backend, clients that poll.

`create_app` is its gateway; run as a module it is its worker, in the same pool and with the same
acknowledgement as ours. Needs `REDIS_URL` and `PLAIN_OUTPUTS` (a folder).
"""

import asyncio
import os
import uuid
from pathlib import Path

from celery import Celery
from celery.result import AsyncResult
from fastapi import FastAPI, Response

from benchmarks.noop import NoopRequest

TASK = "plain.noop"
_STATUS = {"PENDING": "queued", "STARTED": "running", "SUCCESS": "succeeded", "FAILURE": "failed"}


def create_app() -> FastAPI:
    """Return the gateway."""
    app, celery = FastAPI(), _create_celery()

    @app.post("/v1/noop", status_code=202)
    async def make(request: NoopRequest, response: Response) -> dict[str, str]:
        task = await asyncio.to_thread(celery.send_task, TASK, (request.model_dump(),))
        response.headers["Location"] = f"/v1/jobs/{task.id}"
        return {"id": task.id, "status": "queued"}

    @app.get("/v1/jobs/{job_id}")
    async def read(job_id: str) -> dict[str, str]:
        state = await asyncio.to_thread(_state, celery, job_id)
        return {"id": job_id, "status": _STATUS[state]}

    return app


def main() -> None:
    """Run a worker until SIGTERM."""
    outputs = Path(os.environ["PLAIN_OUTPUTS"])
    celery = _create_celery()

    @celery.task(name=TASK)  # type: ignore[untyped-decorator]  # Celery is untyped
    def noop(request: dict[str, int]) -> dict[str, str]:
        path = outputs / uuid.uuid4().hex  # not the task's id: a second run leaves a second file
        path.write_bytes(b"\n" * request["bytes"])
        return {"path": str(path)}

    celery.worker_main(
        [
            *("worker", "--pool", "threads", "--concurrency", "1", "--loglevel", "WARNING"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ]
    )


def _create_celery() -> Celery:
    url = os.environ["REDIS_URL"].replace("unix://", "redis+socket://", 1)
    celery = Celery("plain", broker=url, backend=url)
    celery.conf.update(
        task_acks_late=True,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        broker_connection_retry_on_startup=True,
    )
    return celery


def _state(celery: Celery, job_id: str) -> str:
    return str(AsyncResult(job_id, app=celery).state)


if __name__ == "__main__":
    main()
