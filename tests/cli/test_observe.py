"""The whole service, watched from outside: one job followed through logs, traces and metrics."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from httpx2 import Client
from prometheus_client.parser import text_string_to_metric_families

from tests.support.collector import SeenSpan, running_collector
from tests.support.up import GenartUp
from tests.support.waiting import wait_for
from tests.support.weights import place_weights

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
MARKS = {"X-Request-Id": "order-66", "traceparent": f"00-{TRACE}-{CALLER}-01"}
PATIENCE = {"Prefer": "wait=60", "Cache-Control": "no-cache"}


@dataclass(frozen=True)
class Watched:
    """What could be seen of a service in which one job was made, and another broke."""

    job: dict[str, Any]
    broken: dict[str, Any]
    sha256: str
    spans: dict[str, SeenSpan]
    lines: list[dict[str, Any]]
    figures: dict[tuple[str, str], float]
    worker: dict[str, Any]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    home = tmp_path_factory.mktemp("watched")
    sha256 = place_weights(home, "small")
    with running_collector() as collector, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        service = GenartUp(home, log_format="json")
        try:
            service.wait_until_whole()
            with Client(base_url=url_of(service), timeout=90) as http:
                job = http.post("/v1/modelled", json={"seed": 1}, headers=MARKS | PATIENCE).json()
                broken = http.post("/v1/broken", json={}, headers=PATIENCE).json()
                wait_for(lambda: "batch_size_count" in counted(http), 30, "the worker has told")
                wait_for(lambda: len(collector.of_trace(TRACE)) >= 6, 30, "the spans are there")
                figures, worker = read(http.get("/metrics").text), workers(http)[0]
        finally:
            service.stop()
        lines = [json.loads(line) for line in service.log_path.read_text().splitlines()]
        spans = collector.of_trace(TRACE)
        failed = [s for s in collector.spans if s.attributes.get("genart.job_id") == broken["id"]]
        spans |= {f"broken {span.name}": span for span in failed}
    return Watched(job, broken, sha256, spans, lines, figures, worker)


def url_of(service: GenartUp) -> str:
    lines = [json.loads(line) for line in service.log_path.read_text().splitlines()]
    ready = next(one["message"] for one in lines if one["message"].startswith("ready:"))
    url: str = ready.split()[1]
    return url


def workers(http: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = http.get("/v1/workers").json()["workers"]
    return found


def read(text: str) -> dict[tuple[str, str], float]:
    """Return samples by name and, of their labels, the kind or the model."""
    return {
        (sample.name, sample.labels.get("kind") or sample.labels.get("model", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_bucket")
    }


def counted(http: Client) -> str:
    """Return which batches a worker has told of."""
    found = read(http.get("/metrics?part=engine").text)
    return "batch_size_count" if found["genart_batch_size_count", "broken"] else ""


def test_trace_leads_from_the_caller_through_the_gateway_to_the_worker(watched: Watched) -> None:
    spans = watched.spans
    request = spans["genart-gateway POST /v1/modelled"]
    submit = spans["genart-gateway submit"]
    wait, run = spans["genart-worker wait"], spans["genart-worker run"]
    load, commit = spans["genart-worker load"], spans["genart-worker commit"]

    assert watched.job["status"] == "succeeded"
    assert request.parent == CALLER
    assert submit.parent == request.id
    assert wait.parent == run.parent == commit.parent == submit.id
    assert load.parent == run.id
    assert run.start <= load.start <= load.end <= run.end
    assert wait.start <= wait.end <= run.start
    assert commit.end >= run.end
    assert not any(span.failed for span in (request, submit, wait, run, load, commit))
    for span in (submit, wait, run, commit):
        assert span.attributes["genart.job_id"] == watched.job["id"]
        assert span.attributes["genart.request_id"] == "order-66"
    assert load.attributes["genart.model"] == "test/small"
    assert (run.attributes["genart.outcome"], run.attributes["genart.batch_size"]) == (
        "finished",
        1,
    )


def test_span_of_a_run_that_broke_says_so(watched: Watched) -> None:
    run = watched.spans["broken run"]

    assert watched.broken["status"] == "failed"
    assert run.failed
    assert run.attributes["genart.outcome"] == "failed"
    assert not watched.spans["broken commit"].failed


def test_everything_that_any_process_says_is_an_object(watched: Watched) -> None:
    said = {line["process"] for line in watched.lines}

    assert {"genart", "gateway", "worker-0"} <= said
    for line in watched.lines:
        assert line.keys() >= {"timestamp", "level", "logger", "message", "process"}


def test_request_is_followed_through_the_log_by_its_id(watched: Watched) -> None:
    lines = [line for line in watched.lines if line.get("request_id") == "order-66"]

    told = {(line["process"], line["message"], line.get("status")) for line in lines}
    assert told == {
        ("worker-0", "begun", "running"),
        ("worker-0", "ended", "succeeded"),
        ("gateway", "POST /v1/modelled", 200),
    }
    assert {line["job_id"] for line in lines} == {watched.job["id"]}
    assert {line["kind"] for line in lines} == {"modelled"}
    assert {line["trace_id"] for line in lines} == {TRACE}
    assert len({line["client"] for line in lines}) == 1
    (broken,) = [line for line in watched.lines if "exception" in line]
    assert broken["job_ids"] == watched.broken["id"]
    assert "ZeroDivisionError: by a test" in broken["exception"]


def test_what_only_a_worker_sees_reaches_the_gateways_metrics(watched: Watched) -> None:
    figures = watched.figures

    assert figures["genart_model_load_seconds_count", "test/small"] == 1
    assert figures["genart_batch_size_count", "modelled"] == 1
    assert figures["genart_batch_size_sum", "broken"] == 1
    assert figures["genart_execution_seconds_count", "modelled"] == 1
    assert figures["genart_execution_seconds_count", "broken"] == 0
    assert figures["genart_backlog_seconds", "modelled"] == 0


def test_worker_says_what_it_is_and_holds(watched: Watched) -> None:
    worker = watched.worker

    assert (worker["device"], worker["draining"], worker["jobs"]) == ("cpu", False, [])
    assert worker["models"] == {"test/small": watched.sha256}
    assert "float32" in worker["dtypes"]
    assert 10**6 < worker["memory"]["free"] <= worker["memory"]["total"]
    assert worker["started_at"] <= worker["seen_at"]
    assert {"modelled", "broken"} <= set(worker["kinds"])
