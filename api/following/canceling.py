"""Canceling many jobs with one request: those that are named, or all that a filter lets through."""

from collections.abc import Collection
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.answers.representation import milliseconds
from api.answers.schemas import CanceledView, CancelView
from api.dependencies import Gateway
from api.http.errors import ProblemError
from api.http.validation import shown, summary
from api.incoming.moments import Moment
from genart_core.jobs import caller
from genart_core.jobs.caller import Filter
from genart_core.jobs.record import JobId, Status, parse_job_id

_AT_ONCE = 100
_UNFINISHED: tuple[Status, ...] = ("queued", "running")


class CancelRequest(BaseModel):
    """Which jobs to cancel: by `ids`, by what they have in common, or `all`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ids: tuple[Annotated[str, Field(max_length=100)], ...] | None = Field(
        default=None, min_length=1, max_length=1000, description="These, and nothing else."
    )
    kind: str | None = Field(
        default=None, min_length=1, max_length=100, description="Those of this kind."
    )
    tag: str | None = Field(
        default=None, min_length=1, max_length=100, description="Those with this tag."
    )
    created_after: Moment | None = Field(default=None, description="Those submitted then or later.")
    created_before: Moment | None = Field(default=None, description="Those submitted before.")
    status: Literal["queued", "running"] | None = Field(
        default=None, description="Those in this state."
    )
    all: bool = Field(default=False, description="All that have not ended; say so, to mean it.")

    @model_validator(mode="after")
    def _means_something(self) -> Self:
        # null is as good as left out: who writes all fields out has not asked for everything
        filters = self.model_dump(exclude={"ids", "all"}, exclude_none=True)
        if self.ids is not None and (filters or self.all):
            raise ValueError("ids: name jobs, or say what they have in common, not both")
        if self.ids is None and not filters and not self.all:
            raise ValueError('Name jobs by "ids", filter them, or say "all": true')
        return self

    @property
    def which(self) -> Filter:
        """The filter; ended jobs are left alone."""
        return Filter(
            kind=self.kind or "",
            statuses=_UNFINISHED if self.status is None else (self.status,),
            tag=self.tag or "",
            created_from=milliseconds(self.created_after),
            created_before=milliseconds(self.created_before),
        )


def require_kind(wanted: CancelRequest, kinds: Collection[str]) -> None:
    """Return if the kind to cancel is one that there is.

    Raises:
        ProblemError: `invalid_request`.
    """
    if wanted.kind is not None and wanted.kind not in kinds:
        detail = f"There is no kind {shown(wanted.kind)}; the kinds are {', '.join(kinds)}"
        complaint = {"pointer": "/kind", "detail": detail, "got": shown(wanted.kind)}
        raise ProblemError("invalid_request", summary([complaint]), errors=[complaint])


async def cancel_jobs(gateway: Gateway, client: str, wanted: CancelRequest) -> CancelView:
    """Cancel a client's jobs.

    Those that are submitted while this goes on are not touched.
    """
    if wanted.ids is not None:
        return await _cancel(gateway, client, tuple(dict.fromkeys(wanted.ids)))
    found = CancelView(jobs=[], not_found=[])
    cursor = ""
    while True:
        page = await gateway.ask(
            caller.list_jobs(client, wanted.which, cursor=cursor, limit=_AT_ONCE)
        )
        ids = tuple(placed.job.id for placed in page.jobs)
        found.jobs.extend((await _cancel(gateway, client, ids)).jobs)
        cursor = page.cursor
        if not cursor:
            return found


async def _cancel(gateway: Gateway, client: str, ids: tuple[str, ...]) -> CancelView:
    found = CancelView(jobs=[], not_found=[text for text in ids if parse_job_id(text) is None])
    known = [JobId(text) for text in ids if parse_job_id(text) is not None]
    for at in range(0, len(known), _AT_ONCE):
        some = known[at : at + _AT_ONCE]
        statuses = await gateway.ask(caller.cancel_many(some, client, gateway.settings.keep_ms))
        for job_id, status in zip(some, statuses, strict=True):
            if status is None:
                found.not_found.append(job_id)
            else:
                found.jobs.append(CanceledView(id=job_id, status=status))
    return found
