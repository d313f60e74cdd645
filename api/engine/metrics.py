"""What Prometheus is told: this process' requests, and the engine as a whole."""

import logging
import time
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.engine.engine_metrics import Engine, EngineCollector
from genart_core import logs

log = logging.getLogger("api.access")

PROBES = frozenset({"/livez", "/readyz", "/metrics"})
"""What machines ask again and again; it is nothing to look at."""


CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)
_MAX_PATH = 200
_METHODS = frozenset({"GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH"})


Part = Literal["all", "process", "engine"]


class Metrics:
    """One process' registry. Labels come from the routes, never from what callers send."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "genart_http_requests",
            "Requests answered",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "genart_http_request_seconds",
            "Time until the answer began",
            ("route",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self.streams = Gauge(
            "genart_http_streams", "Event streams that are open", registry=self._registry
        )
        self._webhooks = Counter(
            "genart_webhooks",
            "Attempts to deliver a webhook, by what became of it",
            ("outcome",),
            registry=self._registry,
        )
        for outcome in ("delivered", "retried", "failed"):
            self._webhooks.labels(outcome)
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        key = (method if method in _METHODS else "other", route, status)
        children = self._children.get(key)
        if children is None:
            children = (self._requests.labels(*key), self._seconds.labels(route))
            self._children[key] = children
        children[0].inc()
        children[1].observe(seconds)

    def count_webhook(self, outcome: str) -> None:
        """Count one attempt: delivered, retried (another follows) or failed (none does)."""
        self._webhooks.labels(outcome).inc()

    def write(self, part: Part, engine: Engine | None) -> bytes:
        """Return the figures in Prometheus' text format; without an engine Redis counts as down."""
        process = b"" if part == "engine" else generate_latest(self._registry)
        if part == "process":
            return process
        registry = CollectorRegistry()
        registry.register(EngineCollector(engine))
        return process + generate_latest(registry)


class Meter:
    """Middleware that counts answers and times them up to their first byte.

    Once an answer has been given, it is a line in the log, where that is wanted.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, *, log_access: bool) -> None:
        self._app = app
        self._metrics = metrics
        self._log_access = log_access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        def note(answered: int) -> None:
            nonlocal status
            status = answered
            route = getattr(scope.get("route"), "path", "unmatched")
            self._metrics.observe(scope["method"], route, status, time.perf_counter() - began)

        async def metered(message: Message) -> None:
            if message["type"] == "http.response.start":
                note(message["status"])
            await send(message)

        try:
            await self._app(scope, receive, metered)
        except Exception:
            if not status:
                note(500)  # it is answered outside of all middleware
            raise
        finally:
            if self._log_access:
                _log_answer(scope, status, time.perf_counter() - began)


def _log_answer(scope: Scope, status: int, seconds: float) -> None:
    level = logging.DEBUG if scope["path"] in PROBES else logging.INFO
    if not log.isEnabledFor(level):
        return
    path = scope["raw_path"].decode("latin-1")  # as it was sent: in one piece, without its query
    fields: dict[str, object] = {"status": status} if status else {}  # none: the caller hung up
    fields["duration_ms"] = round(seconds * 1000, 1)
    if client := scope["state"].get("client"):
        fields["client"] = logs.pseudonym(client)
    if job_id := scope.get("path_params", {}).get("job_id"):
        fields["job_id"] = job_id
    fields |= scope["state"].get("made", {})
    log.log(level, "%s %s", scope["method"], path[:_MAX_PATH], extra={"fields": fields})
