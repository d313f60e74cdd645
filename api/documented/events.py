"""A job's event stream."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from api.answers.representation import JobView
from api.documented.parts import Responses, parameter, problems
from genart_core.jobs.record import Status

EVENTS = """The job's life as server-sent events, until it is done.

| event | data |
|---|---|
| `snapshot` | `{job, partial, preview}`: the job, its texts and preview so far; replaces all |
| `status` | `{status, attempt, version}`; `queued` voids the partial texts and the preview |
| `progress` | `{step, total, version}` |
| `token` | `{sample, offset, text}`: `text` stands at character `offset` of that sample |
| `preview` | `{number, media_type, width, height, url}`: a picture of the job so far |
| `result` | `{job}`: the whole job, which has ended |
| `done` | `{status, version}`: the last event |

A fresh reader gets a `snapshot` first. A reader that gives the `id` of the last event it saw, as
`Last-Event-ID` or `?after=`, gets what came after it, or a new `snapshot` if that is no longer
kept. One that has seen everything gets `204`."""


class PreviewData(BaseModel):
    """Event `preview`: how the job looks by now."""

    number: int = Field(description="Counts the previews that were shown, from 0.")
    media_type: str = Field(description="Such as `image/jpeg`.")
    width: int = Field(description="Pixels.")
    height: int = Field(description="Pixels.")
    url: str = Field(description="Where to fetch it, relative to the root.")


class SnapshotData(BaseModel):
    """Event `snapshot`: all that earlier events add up to."""

    job: JobView = Field(description="The job.")
    partial: list[str] = Field(description="The texts so far, by sample.")
    preview: PreviewData | None = Field(description="The latest preview; null: none was shown.")


class StatusData(BaseModel):
    """Event `status`: the job has moved on."""

    status: Status = Field(description="How it stands now.")
    attempt: int = Field(description="Times a worker has taken it.")
    version: int = Field(description="Its version.")


class ProgressData(BaseModel):
    """Event `progress`: a step was done."""

    step: int = Field(description="Steps done.")
    total: int = Field(description="Steps in all.")
    version: int = Field(description="The job's version.")


class TokenData(BaseModel):
    """Event `token`: a piece of text."""

    sample: int = Field(description="Which text it belongs to.")
    offset: int = Field(description="At which character of that text it stands.")
    text: str = Field(description="The piece.")


class ResultData(BaseModel):
    """Event `result`: the job has ended."""

    job: JobView = Field(description="The whole job.")


class DoneData(BaseModel):
    """Event `done`, the last one."""

    status: Literal["succeeded", "failed", "canceled", "expired"] = Field(
        description="How it ended."
    )
    version: int = Field(description="The job's last version.")


DATA: dict[str, type[BaseModel]] = {
    "snapshot": SnapshotData,
    "status": StatusData,
    "progress": ProgressData,
    "token": TokenData,
    "preview": PreviewData,
    "result": ResultData,
    "done": DoneData,
}


def event_schema() -> dict[str, Any]:
    """Return the shape of one event; its `data` is JSON, of another shape for each name."""
    shapes = [
        {
            "title": name,
            "properties": {
                "event": {"const": name},
                "data": {"contentSchema": {"$ref": f"#/components/schemas/{model.__name__}"}},
            },
        }
        for name, model in DATA.items()
    ]
    return {
        "title": "Event",
        "description": "One event of the stream.",
        "type": "object",
        "required": ["event", "data"],
        "properties": {
            "id": {
                "type": "string",
                "description": "For `Last-Event-ID`; not every event has one.",
            },
            "event": {"type": "string", "enum": [*DATA], "description": "What it tells."},
            "data": {
                "type": "string",
                "contentMediaType": "application/json",
                "description": "JSON.",
            },
        },
        "oneOf": shapes,
    }


def event_responses() -> Responses:
    """Answers to following a job."""
    schema = {"$ref": "#/components/schemas/Event"}
    stream = {"text/event-stream": {"schema": schema}}
    return {
        200: {"description": "The events, one after another", "content": stream},
        204: {"description": "There is nothing more to come"},
        **problems("unknown_job", "gone", "invalid_parameter", "store_unavailable"),
    }


EVENTS_EXTRA = {
    "parameters": [
        parameter("Last-Event-ID", "The last event that was seen.", "1793456789012-0"),
    ]
}
