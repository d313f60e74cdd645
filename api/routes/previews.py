"""Previews: how a job looks while it is being made."""

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers.representation import preview_url
from api.dependencies import Gateway, client_of, found_job, gateway_of, job_id_of
from api.documented import outputs as documented
from api.following.files import reading
from api.http.errors import ProblemError
from api.http.headers import fields_of, is_known
from api.incoming.parameters import JobIdPath, PreviewPath
from genart_core.jobs import caller
from genart_core.jobs.record import Job, JobId, StoredOutput

router = APIRouter(prefix="/v1/jobs/{job_id}/previews", tags=["Jobs"])

_TRIES = 3  # previews are replaced; one that was named a moment ago may be gone


@router.get(
    "/{number}",
    operation_id="get_preview",
    summary="How a job looks so far",
    responses=documented.preview_responses(),
)
async def get_preview(request: Request, job_id: JobIdPath, number: PreviewPath) -> Response:
    """Return the latest preview of a running job.

    Only the latest is kept: the number of any that was shown leads to it, so that a reader who is
    late sees the job as it is now. `Content-Location` says which one it is.
    """
    gateway, checked = gateway_of(request), job_id_of(job_id)
    job, preview, data = await _latest(gateway, checked, client_of(request), number)
    tag = f'"{preview.sha256}"'
    headers = {
        "etag": tag,
        "cache-control": "no-store",
        "content-location": preview_url(job),
    }
    if is_known(fields_of(request.scope), tag):
        return Response(status_code=304, headers=headers)
    return Response(data, 200, headers, preview.media_type)


async def _latest(
    gateway: Gateway, job_id: JobId, client: str, number: str
) -> tuple[Job, StoredOutput, bytes]:
    for _ in range(_TRIES):
        job = found_job(job_id, await gateway.ask(caller.get(job_id, client))).job
        if job.preview is None or not _was_shown(number, job.previews):
            break
        try:
            with reading():
                return job, job.preview, await asyncio.to_thread(_read, gateway, job.preview.path)
        except FileNotFoundError:
            continue
    shows = f"has shown {job.previews} previews" if job.preview else "shows no preview"
    raise ProblemError("unknown_preview", f"The job is {job.status} and {shows}")


def _was_shown(number: str, previews: int) -> bool:
    is_index = number.isascii() and number.isdigit() and len(number) <= 9
    return is_index and int(number) < previews and str(int(number)) == number


def _read(gateway: Gateway, path: str) -> bytes:
    return b"".join(gateway.blobs.read(path))
