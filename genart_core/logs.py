"""Log lines: for people at a terminal, or one JSON object each for programs.

What a line is about stands in fields, beside its message: those of the HTTP request that is being
answered (`bind`), and those of a job (`about`).
"""

import hashlib
import json
import logging
import sys
import threading
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Literal

from genart_core.jobs.record import Job

Format = Literal["text", "json"]

_TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s"
_bound: ContextVar[Mapping[str, object]] = ContextVar("fields", default={})  # noqa: B039  not written
_PSEUDONYM_CHARACTERS = 12


def configure(level: str, form: Format) -> None:
    """Have all that this process logs go to standard error, in one form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(form))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    if form == "json":
        logging.captureWarnings(capture=True)
        sys.excepthook = _log_fault
        threading.excepthook = lambda fault: _log_fault(
            fault.exc_type, fault.exc_value, fault.exc_traceback
        )


def formatter(form: Format) -> logging.Formatter:
    """Return what turns a record into a line."""
    return _JsonFormatter() if form == "json" else _TextFormatter(_TEXT)


def bind(fields: Mapping[str, object]) -> None:
    """Have every line from here on, in this task, tell these fields."""
    _bound.set(fields)


def about(job: Job, *, status: str = "", duration_ms: float | None = None) -> dict[str, Any]:
    """Return what makes a line one about a job: `log.info("…", extra=about(job))`."""
    fields: dict[str, object] = {"job_id": job.id, "kind": job.kind, "attempt": job.attempt}
    if status:
        fields["status"] = status
    if duration_ms is not None:
        fields["duration_ms"] = round(duration_ms, 1)
    if job.request_id:
        fields["request_id"] = job.request_id
    if job.trace:
        fields["trace_id"] = trace_id_of(job.trace)
    return {"fields": {**fields, "client": pseudonym(job.client)}}


def pseudonym(client: str) -> str:
    """Return how logs name a client: an API key by its id, which is no secret, others by a hash.

    Who suspects an address can try it; who only reads the log has none to read.
    """
    if client.startswith("key-"):
        return client
    return f"ip-{hashlib.sha256(client.encode()).hexdigest()[:_PSEUDONYM_CHARACTERS]}"


def trace_id_of(traceparent: str) -> str:
    """Return the trace that a W3C `traceparent` is of."""
    return traceparent[3:35]


def json_line(
    *, created: float, level: str, logger: str, message: str, fields: Mapping[str, object]
) -> str:
    """Return a line; `created` is in seconds since 1970."""
    moment = datetime.fromtimestamp(created, UTC).isoformat(timespec="milliseconds")
    line = {
        "timestamp": f"{moment[:23]}Z",
        "level": level,
        "logger": logger,
        "message": message,
        **fields,
    }
    return json.dumps(line, default=str)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = _fields_of(record)
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json_line(
            created=record.created,
            level=record.levelname,
            logger=record.name,
            message=record.getMessage(),
            fields=fields,
        )


class _TextFormatter(logging.Formatter):
    def formatMessage(self, record: logging.LogRecord) -> str:
        told = "".join(f" {name}={_plain(said)}" for name, said in _fields_of(record).items())
        return super().formatMessage(record) + told


def _fields_of(record: logging.LogRecord) -> dict[str, object]:
    return {**_bound.get(), **getattr(record, "fields", {})}


def _plain(said: object) -> str:
    """Return a value that no blank or line break tears apart."""
    text = str(said)
    return text if text.isprintable() and " " not in text else json.dumps(text)


def _log_fault(
    kind: type[BaseException], fault: BaseException | None, traceback: TracebackType | None
) -> None:
    if fault is None or issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("genart").critical("ended by a fault", exc_info=(kind, fault, traceback))
