"""All files of an artwork at once."""

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from api.answers.archive import Archive, is_whole
from api.dependencies import client_of, found_job, gateway_of, gone, job_id_of
from api.documented import outputs as documented
from api.following.files import reading, streamed
from api.http.headers import fields_of, is_known
from api.incoming.parameters import JobIdPath
from api.routes.outputs import file_name, outputs_of, seconds_left
from genart_core.jobs import caller

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["Jobs"])


@router.get(
    "/outputs.zip",
    operation_id="get_outputs",
    summary="All files of an artwork",
    responses=documented.archive_responses(),
    openapi_extra=documented.ARCHIVE_EXTRA,
)
async def get_outputs(request: Request, job_id: JobIdPath) -> Response:
    """Return all outputs in a ZIP, named as they are when fetched one by one."""
    gateway, checked = gateway_of(request), job_id_of(job_id)
    placed = found_job(checked, await gateway.ask(caller.get(checked, client_of(request))))
    outputs = outputs_of(placed)
    named = {file_name(placed.job, number): output for number, output in enumerate(outputs)}
    archive = Archive(named, placed.job.finished_at)
    headers = {
        "etag": archive.tag,
        "content-type": "application/zip",
        "content-disposition": f'attachment; filename="{placed.job.kind}-{checked}.zip"',
        "cache-control": f"private, max-age={seconds_left(placed)}, immutable",
    }
    if is_known(fields_of(request.scope), archive.tag):
        return Response(status_code=304, headers=headers)
    with reading():
        is_there = await asyncio.to_thread(is_whole, outputs, gateway.blobs)
    if not is_there:
        raise gone(checked)
    if archive.length is not None:
        headers["content-length"] = str(archive.length)
    return StreamingResponse(streamed(archive.read(gateway.blobs)), 200, headers)
