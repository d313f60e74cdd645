"""Spans for OpenTelemetry, if the standard environment asks for them; else nothing is imported.

1. Variables: OpenTelemetry specification, "Environment Variables", "OTLP Exporter Configuration".
2. `traceparent`: W3C Trace Context.
"""

import logging
import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, SpanKind

log = logging.getLogger(__name__)

Attributes: TypeAlias = Mapping[str, str | int | float | bool]

NO_ATTRIBUTES: Attributes = {}
_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}"
)
_LENGTH = 55


def open_tracing(service: str) -> "Tracing | None":
    """Return what takes spans; None unless an OTLP endpoint is named and the SDK is installed.

    `service` is its name as long as the environment gives it no other.
    """
    if not _is_wanted():
        return None
    protocol = next(filter(None, map(os.environ.get, _PROTOCOLS)), "http/protobuf")
    if protocol != "http/protobuf":
        log.warning("no traces: they go by http/protobuf alone, not by %s", protocol)
        return None
    try:
        return Tracing(service)
    except ImportError as error:
        log.warning("no traces (%s): install the extra genart[telemetry]", error)
        return None


def checked_traceparent(field: bytes) -> str:
    """Return a caller's `traceparent` as version 00 has it, "" if it is none.

    Later versions may add to it, after a dash.
    """
    text = field.decode("latin-1")
    whole, rest = text[:_LENGTH], text[_LENGTH:]
    if not _TRACEPARENT.fullmatch(whole) or (rest and (whole[:2] == "00" or rest[0] != "-")):
        return ""
    return f"00{whole[2:]}"


class Tracing:
    """Takes spans and sends them on in the background."""

    def __init__(self, service: str) -> None:
        """Read the environment for all the rest: endpoint, headers, sampler, limits."""
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        told = {"service.version": version("genart")}
        if not _names_service():
            told["service.name"] = service
        self._provider = TracerProvider(resource=Resource.create(told), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._trace = trace
        self._tracer = self._provider.get_tracer("genart", version("genart"))
        self._context = TraceContextTextMapPropagator()

    @property
    def provider(self) -> "TracerProvider":
        """What others get their tracers from."""
        return self._provider

    def current(self) -> str:
        """Return the span that this code runs in, as a `traceparent`; "" outside of any."""
        return self._traceparent(self._trace.get_current_span())

    @contextmanager
    def span(self, name: str, attributes: Attributes = NO_ATTRIBUTES) -> Iterator[str]:
        """Take what happens inside as a span of the current one; yield its `traceparent`."""
        kind = self._trace.SpanKind.PRODUCER
        with self._tracer.start_as_current_span(name, kind=kind, attributes=attributes) as span:
            yield self._traceparent(span)

    def record(
        self,
        name: str,
        parent: str,
        times: tuple[float, float],
        attributes: Attributes = NO_ATTRIBUTES,
        *,
        failure: str = "",
    ) -> str:
        """Take what happened as a span below `parent`; return its `traceparent`.

        `times` are its begin and end, in seconds since 1970. A `failure` says that it went wrong.
        """
        began, ended = (round(moment * 1e9) for moment in times)
        span = self._tracer.start_span(
            name,
            context=self._context.extract({"traceparent": parent}),
            kind=self._kind(name),
            attributes=attributes,
            start_time=began,
        )
        if failure:
            span.set_status(self._trace.StatusCode.ERROR, failure)
        span.end(max(began, ended))
        return self._traceparent(span)

    def close(self, seconds: float) -> None:
        """Send what is left, within so many seconds."""
        # in a thread: a collector that hangs must not keep us
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(seconds)

    def _kind(self, name: str) -> "SpanKind":
        return self._trace.SpanKind.CONSUMER if name == "run" else self._trace.SpanKind.INTERNAL

    def _traceparent(self, span: "Span") -> str:
        context = span.get_span_context()
        if not context.is_valid:
            return ""
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def _is_wanted() -> bool:
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() or "otlp"
    return exporter == "otlp" and any(map(os.environ.get, _ENDPOINTS))


def _names_service() -> bool:
    told = os.environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    return bool(os.environ.get("OTEL_SERVICE_NAME")) or "service.name=" in told
