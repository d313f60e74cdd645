"""Reading, listing and deleting jobs."""

from api.answers.representation import JobView, PageView
from api.documented.parts import IF_NONE_MATCH, JOB_HEADERS, PREFER, Responses, problems


def job_responses() -> Responses:
    """Answers that are a job."""
    ok = {"description": "The job", "model": JobView, "headers": JOB_HEADERS}
    return {200: ok, **problems("unknown_job", "gone", "store_unavailable")}


def get_responses() -> Responses:
    """Answers to reading a job."""
    return {304: {"description": "It has not changed"}, **job_responses()}


GET_EXTRA = {"parameters": [PREFER, IF_NONE_MATCH]}


def list_responses() -> Responses:
    """Answers to listing jobs."""
    ok = {"description": "A page of jobs", "model": PageView}
    return {200: ok, **problems("invalid_parameter", "store_unavailable")}


def delete_responses() -> Responses:
    """Answers to deleting a job."""
    gone = {"description": "It is gone"}
    return {204: gone, **problems("unknown_job", "gone", "store_unavailable")}
