"""What Prometheus is told: this process' requests, and the engine as a whole."""

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from genart_core.jobs.upkeep import Survey

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0)
_METHODS = frozenset({"GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH"})


class Metrics:
    """One process' registry. Labels come from the routes, never from what callers send."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._engine = _Engine()
        self._registry.register(self._engine)
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

    def write(self, survey: Survey | None) -> bytes:
        """Return everything in Prometheus' text format; without a survey Redis counts as down."""
        self._engine.survey = survey
        return generate_latest(self._registry)


class Meter:
    """Middleware that counts answers and times them up to their first byte."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def metered(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "unmatched")
                seconds = time.perf_counter() - began
                self._metrics.observe(scope["method"], route, message["status"], seconds)
            await send(message)

        await self._app(scope, receive, metered)


class _Engine(Collector):
    """The engine's figures, from the survey that was made for this scrape."""

    def __init__(self) -> None:
        self.survey: Survey | None = None

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("genart_redis_up", "Whether Redis answered this scrape")
        up.add_metric([], 0 if self.survey is None else 1)
        yield up
        if self.survey is not None:
            yield from _describe(self.survey)


def _describe(survey: Survey) -> Iterator[Metric]:
    ready = GaugeMetricFamily("genart_jobs_ready", "Jobs that wait", labels=["kind"])
    oldest = GaugeMetricFamily(
        "genart_oldest_ready_seconds", "Age of the next job in line", labels=["kind"]
    )
    for kind, (waiting, age_ms) in survey.ready.items():
        ready.add_metric([kind], waiting)
        oldest.add_metric([kind], age_ms / 1000)
    yield ready
    yield oldest
    yield GaugeMetricFamily("genart_jobs_running", "Jobs under a lease", survey.leases)
    yield GaugeMetricFamily("genart_jobs_dead", "Dead letters kept", survey.dead)
    yield GaugeMetricFamily("genart_workers", "Live workers", len(survey.workers))
    jobs = CounterMetricFamily(
        "genart_jobs", "Jobs by what became of them", labels=["kind", "status"]
    )
    for (kind, status), count in survey.outcomes.items():
        jobs.add_metric([kind, status], count)
    yield jobs
