"""What ties a request to the work that it causes: its id, and its place in a trace."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from genart_core import logs
from genart_core.jobs.record import JobId
from genart_core.tracing import Tracing


class Origin(NamedTuple):
    """The request that is being answered; `trace` is a W3C `traceparent`, "" = none."""

    request_id: str = ""
    trace: str = ""


_origin: ContextVar[Origin] = ContextVar("origin", default=Origin())  # noqa: B039  it is frozen


def new_request_id() -> bytes:
    """Return an id for a request that brought none."""
    return b"%016x" % random.getrandbits(64)


def note_origin(request_id: str, trace: str, tracing: Tracing | None) -> None:
    """Note which request this task answers; its lines in the log tell it from here on."""
    if tracing is not None:
        trace = tracing.current() or trace
    told = {"request_id": request_id}
    if trace:
        told["trace_id"] = logs.trace_id_of(trace)
    logs.bind(told)
    _origin.set(Origin(request_id, trace))


def origin() -> Origin:
    """Return which request this task answers."""
    return _origin.get()


@contextmanager
def submit_span(tracing: Tracing, kind: str, job_id: JobId) -> Iterator[Origin]:
    """Take a submit as a span; yield what its job is to carry."""
    found = origin()
    about = {"genart.kind": kind, "genart.job_id": job_id, "genart.request_id": found.request_id}
    with tracing.span("submit", about) as trace:
        yield found._replace(trace=trace)
