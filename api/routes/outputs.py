"""Outputs: the files of an artwork."""

import asyncio
from collections.abc import AsyncIterator, Iterator

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from api import documented
from api.dependencies import client_of, found_job, gateway_of, gone, job_id_of
from api.errors import ProblemError
from api.headers import ByteRange, byte_range, fields_of, is_known
from api.representation import retry_seconds
from genart_core.jobs import caller
from genart_core.jobs.eta import estimate
from genart_core.jobs.record import Job, Placed, StoredOutput

router = APIRouter(prefix="/v1/jobs/{job_id}/outputs", tags=["Jobs"])

_SUFFIXES = {
    "text/plain": "txt",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "video/mp4": "mp4",
    "audio/wav": "wav",
    "application/json": "json",
}


@router.head("/{number}", include_in_schema=False)
@router.get(
    "/{number}",
    operation_id="get_output",
    summary="One file of an artwork",
    responses=documented.output_responses(),
    openapi_extra=documented.OUTPUT_EXTRA,
)
async def get_output(request: Request, job_id: str, number: str) -> Response:
    """Return the file, or the part of it that `Range` asks for. Files never change."""
    gateway, checked = gateway_of(request), job_id_of(job_id)
    placed = found_job(checked, await gateway.ask(caller.get(checked, client_of(request))))
    output = _pick(placed, number)
    fields, tag = fields_of(request.scope), f'"{output.sha256}"'
    headers = _headers(placed, number, output, tag)
    if is_known(fields, tag):
        return Response(status_code=304, headers=headers)
    part = byte_range(fields, output.bytes, tag)
    start, end = part or ByteRange(0, output.bytes)
    headers["content-length"] = str(end - start)
    if part:
        headers["content-range"] = f"bytes {start}-{end - 1}/{output.bytes}"
    chunks = gateway.blobs.read(output.path, start, end)
    try:
        first = await asyncio.to_thread(next, chunks, b"")
    except FileNotFoundError:
        raise gone(checked) from None
    return StreamingResponse(
        _stream(first, chunks),
        206 if part else 200,
        headers,
        # as a header of its own: the framework would add a charset to it
        media_type=None,
    )


def _pick(placed: Placed, number: str) -> StoredOutput:
    job = placed.job
    if not job.is_terminal:
        detail = f"The job is {job.status}; outputs exist once it has succeeded"
        seconds = retry_seconds(estimate(placed))
        raise ProblemError("job_not_finished", detail, headers={"retry-after": str(seconds)})
    if job.status != "succeeded":
        raise ProblemError("no_outputs", f"The job ended as {job.status}; it has no outputs")
    is_index = number.isascii() and number.isdigit() and len(number) <= 6
    if not is_index or int(number) >= len(job.outputs) or str(int(number)) != number:
        detail = f"The job has {len(job.outputs)} outputs, counted from 0"
        raise ProblemError("unknown_output", detail)
    return job.outputs[int(number)]


def _headers(placed: Placed, number: str, output: StoredOutput, tag: str) -> dict[str, str]:
    job = placed.job
    return {
        "content-type": output.media_type,
        "content-disposition": f'inline; filename="{_file_name(job, number, output)}"',
        "etag": tag,
        "accept-ranges": "bytes",
        # it never changes, but it goes when the job does
        "cache-control": f"private, max-age={_seconds_left(placed)}, immutable",
    }


def _file_name(job: Job, number: str, output: StoredOutput) -> str:
    suffix = _SUFFIXES.get(output.media_type.partition(";")[0].strip(), "bin")
    return f"{job.kind}-{job.id}-{number}.{suffix}"


def _seconds_left(placed: Placed) -> int:
    return max(placed.job.expires_at - placed.now, 0) // 1000


async def _stream(first: bytes, rest: Iterator[bytes]) -> AsyncIterator[bytes]:
    chunk = first
    while chunk:
        yield chunk
        chunk = await asyncio.to_thread(next, rest, b"")
