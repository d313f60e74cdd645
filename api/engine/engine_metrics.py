"""What Prometheus is told of the engine as a whole: the same by every gateway."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from genart_core.jobs.figures import Distribution, Figures
from genart_core.jobs.upkeep import Survey


class Engine(NamedTuple):
    """What was read for one scrape."""

    survey: Survey
    figures: Figures


class EngineCollector(Collector):
    """Tells it."""

    def __init__(self, engine: Engine | None) -> None:
        """Without an engine Redis counts as down."""
        self._engine = engine

    def collect(self) -> Iterator[Metric]:
        """Yield all families."""
        up = GaugeMetricFamily("genart_redis_up", "Whether Redis answered this scrape")
        up.add_metric([], 0 if self._engine is None else 1)
        yield up
        if self._engine is not None:
            yield from _present(self._engine)
            yield from _counted(self._engine)
            yield from _measured(self._engine.figures)


def _present(engine: Engine) -> Iterator[Metric]:
    """Yield how the engine is now."""
    survey = engine.survey
    ready = GaugeMetricFamily("genart_jobs_ready", "Jobs that wait", labels=["kind"])
    oldest = GaugeMetricFamily(
        "genart_oldest_ready_seconds", "Age of the next job in line", labels=["kind"]
    )
    for kind, (waiting, age_ms) in survey.ready.items():
        ready.add_metric([kind], waiting)
        oldest.add_metric([kind], age_ms / 1000)
    yield ready
    yield oldest
    backlog = GaugeMetricFamily(
        "genart_backlog_seconds",
        "Seconds of one device that jobs need, by what those before them took",
        labels=["kind", "state"],
    )
    for labels, seconds in engine.figures.backlog.items():
        backlog.add_metric(labels, seconds)
    yield backlog
    yield GaugeMetricFamily("genart_jobs_running", "Jobs under a lease", survey.leases)
    yield GaugeMetricFamily("genart_jobs_dead", "Dead letters kept", survey.dead)
    draining = sum(bool(worker.get("draining")) for worker in survey.workers)
    yield GaugeMetricFamily("genart_workers", "Live workers", len(survey.workers))
    yield GaugeMetricFamily("genart_workers_draining", "Those of them that are leaving", draining)


def _counted(engine: Engine) -> Iterator[Metric]:
    """Yield what was counted since the store was made."""
    survey, figures = engine
    jobs = CounterMetricFamily(
        "genart_jobs", "Jobs by what became of them", labels=["kind", "status"]
    )
    for labels, count in survey.outcomes.items():
        jobs.add_metric(labels, count)
    yield jobs
    yield _by_kind("genart_attempts", "Runs begun", figures.attempts)
    yield _by_kind("genart_recoveries", "Runs whose worker was lost", figures.recoveries)
    yield _by_kind("genart_handbacks", "Runs that a leaving worker gave back", figures.handbacks)
    lookups = CounterMetricFamily(
        "genart_cache_lookups",
        "Submits whose result could have been there already",
        labels=["kind", "result"],
    )
    for kind, misses in figures.misses.items():
        lookups.add_metric([kind, "hit"], survey.outcomes.get((kind, "cached"), 0))
        lookups.add_metric([kind, "miss"], misses)
    yield lookups


def _measured(figures: Figures) -> Iterator[Metric]:
    """Yield how things were distributed since the store was made."""
    yield _histogram(
        "genart_queue_seconds", "From submit to the start of the first run", figures.queue
    )
    yield _histogram(
        "genart_execution_seconds", "From start to end of runs that succeeded", figures.execution
    )
    yield _histogram("genart_batch_size", "Jobs that were made together", figures.batch)
    loads = SummaryMetricFamily(
        "genart_model_load_seconds", "Times that a worker loaded a model", labels=["model"]
    )
    for model, (times, seconds) in figures.loads.items():
        loads.add_metric([model], times, seconds)
    yield loads


def _by_kind(name: str, meaning: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, meaning, labels=["kind"])
    for kind, count in counts.items():
        family.add_metric([kind], count)
    return family


def _histogram(name: str, meaning: str, found: Mapping[str, Distribution]) -> Metric:
    family = HistogramMetricFamily(name, meaning, labels=["kind"])
    for kind, distribution in found.items():
        family.add_metric([kind], list(distribution.buckets), distribution.total)
    return family
