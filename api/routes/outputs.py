"""Outputs: the files of an artwork."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers.representation import retry_seconds
from api.dependencies import client_of, found_job, gateway_of, gone, job_id_of
from api.documented import outputs as documented
from api.following.files import StoredFile, file_response, suffix_of
from api.http.errors import ProblemError
from api.incoming.parameters import JobIdPath, OutputPath
from genart_core.jobs import caller
from genart_core.jobs.eta import estimate
from genart_core.jobs.record import Job, Placed, StoredOutput
from genart_core.words import counted

router = APIRouter(prefix="/v1/jobs/{job_id}/outputs", tags=["Jobs"])


@router.get(
    "/{number}",
    operation_id="get_output",
    summary="One file of an artwork",
    responses=documented.output_responses(),
    openapi_extra=documented.OUTPUT_EXTRA,
)
async def get_output(request: Request, job_id: JobIdPath, number: OutputPath) -> Response:
    """Return the file, or the part of it that `Range` asks for. Files never change."""
    gateway, checked = gateway_of(request), job_id_of(job_id)
    placed = found_job(checked, await gateway.ask(caller.get(checked, client_of(request))))
    output = _pick(outputs_of(placed), number)
    file = StoredFile(
        output.path,
        output.media_type,
        output.bytes,
        output.sha256,
        file_name(placed.job, int(number)),
        seconds_left(placed),
    )
    try:
        return await file_response(request, gateway, file)
    except FileNotFoundError:
        raise gone(checked) from None


def outputs_of(placed: Placed) -> tuple[StoredOutput, ...]:
    """Return the files of a job that has some.

    Raises:
        ProblemError: `job_not_finished`, or `no_outputs` if it has ended otherwise.
    """
    job = placed.job
    if not job.is_terminal:
        detail = f"The job is {job.status}; outputs exist once it has succeeded"
        seconds = retry_seconds(estimate(placed))
        raise ProblemError("job_not_finished", detail, headers={"retry-after": str(seconds)})
    if job.status != "succeeded":
        raise ProblemError("no_outputs", f"The job ended as {job.status}; it has no outputs")
    return job.outputs


def file_name(job: Job, number: int) -> str:
    """Return what an output is called where it is saved."""
    return f"{job.kind}-{job.id}-{number}.{suffix_of(job.outputs[number].media_type)}"


def seconds_left(placed: Placed) -> int:
    """Return how long a job's outputs will be there."""
    return max(placed.job.expires_at - placed.now, 0) // 1000


def _pick(outputs: tuple[StoredOutput, ...], number: str) -> StoredOutput:
    is_index = number.isascii() and number.isdigit() and len(number) <= 6
    if not is_index or int(number) >= len(outputs) or str(int(number)) != number:
        detail = f"The job has {counted(len(outputs), 'output')}, counted from 0"
        raise ProblemError("unknown_output", detail)
    return outputs[int(number)]
