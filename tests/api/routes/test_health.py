import re
from collections.abc import Callable
from pathlib import Path

import pytest
from httpx2 import Client
from prometheus_client.parser import text_string_to_metric_families

from api.http.remedies import REMEDIES
from genart_core.jobs import upkeep
from genart_core.jobs.figures import load_figures
from tests.api.conftest import Post
from tests.api.player import Player
from tests.api.sse import following
from tests.support.gateway import RunningGateway, running_gateway
from tests.support.table import Table

Queued = Callable[[], str]


def figures(http: Client) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer = http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_live_and_ready(http: Client, table: Table) -> None:
    table.send(upkeep.announce("w1", {"models": {}}))

    assert http.get("/livez").json() == {"status": "alive"}
    assert http.get("/readyz").json() == {"status": "ready", "workers": 1}


def test_long_queue_leaves_it_ready(http: Client, post: Post) -> None:
    for _ in range(20):
        post()

    assert http.get("/readyz").status_code == 200


def test_metrics_describe_the_engine(http: Client, queued: Queued, worker: Player) -> None:
    queued(), queued(), queued()
    worker.take()
    worker.make()

    found = figures(http)

    text = ("kind", "text")
    assert found["genart_jobs_ready", (text,)] == 1
    assert found["genart_jobs_running", ()] == 1
    assert found["genart_redis_up", ()] == 1
    assert found["genart_jobs_total", (text, ("status", "submitted"))] == 3
    assert found["genart_jobs_total", (text, ("status", "succeeded"))] == 1
    assert found["genart_oldest_ready_seconds", (text,)] >= 0


def test_metrics_count_requests_by_route_never_by_address(http: Client, queued: Queued) -> None:
    def count(route: str, status: str) -> float:
        labels = (("method", "GET"), ("route", route), ("status", status))
        return figures(http).get(("genart_http_requests_total", labels), 0.0)

    before = count("/v1/jobs/{job_id}", "200"), count("unmatched", "404")
    url = queued()
    for _ in range(3):
        http.get(url)
    for number in range(3):
        http.get(f"/nowhere/{number}")

    assert count("/v1/jobs/{job_id}", "200") == before[0] + 3
    assert count("unmatched", "404") == before[1] + 3
    routes = {dict(labels).get("route") for _, labels in figures(http)}
    beside = {None, "unmatched", "/", "/openapi.json", "/studio/{digest}/{name:path}"}
    assert routes <= beside | set(http.get("/openapi.json").json()["paths"])


def test_invented_methods_share_one_label(http: Client) -> None:
    for method in ("PROPFIND", "REPORT", "SEARCH"):
        http.request(method, "/livez")

    methods = {dict(labels).get("method") for _, labels in figures(http)}
    assert "other" in methods
    assert not methods & {"PROPFIND", "REPORT", "SEARCH"}


def test_fault_of_ours_is_counted(
    http: Client, post: Post, gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def count() -> float:
        labels = (("method", "POST"), ("route", "/v1/text"), ("status", "500"))
        return figures(http).get(("genart_http_requests_total", labels), 0.0)

    before = count()
    with monkeypatch.context() as patch:
        patch.setattr(gateway.parts, "overview", "secret")
        post()

    assert count() == before + 1


def test_metrics_tell_how_long_jobs_wait_and_run(
    http: Client, queued: Queued, worker: Player, table: Table
) -> None:
    queued(), queued()
    worker.make()
    table.send(upkeep.announce("w1", {"draining": True}, load_figures("text/tiny", 1.5)))
    found = figures(http)

    kind = ("kind", "text")
    assert found["genart_queue_seconds_count", (kind,)] == 1
    assert found["genart_execution_seconds_bucket", (kind, ("le", "+Inf"))] == 1
    assert found["genart_execution_seconds_bucket", (kind, ("le", "3600"))] == 1
    assert found["genart_attempts_total", (kind,)] == 1
    assert found["genart_recoveries_total", (kind,)] == 0
    assert found["genart_cache_lookups_total", (kind, ("result", "hit"))] == 0
    assert found["genart_backlog_seconds", (kind, ("state", "waiting"))] > 0
    assert found["genart_backlog_seconds", (kind, ("state", "running"))] == 0
    assert found["genart_model_load_seconds_sum", (("model", "text/tiny"),)] == 1.5
    assert (found["genart_workers", ()], found["genart_workers_draining", ()]) == (1, 1)


def test_every_metric_is_described(http: Client) -> None:
    page = (Path(__file__).parents[3] / "docs" / "observability.md").read_text()
    listed = set(re.findall(r"`(genart_\w+)`", page))
    families = text_string_to_metric_families(http.get("/metrics").text)
    told = {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in families
        if family.name.startswith("genart_") and not family.name.endswith("_created")
    }

    assert told == listed


def test_gateways_that_are_scraped_apart_count_nothing_twice(http: Client, queued: Queued) -> None:
    queued()

    def names(part: str) -> set[str]:
        text = http.get("/metrics", params={"part": part}).text
        return {family.name for family in text_string_to_metric_families(text)}

    process, engine = names("process"), names("engine")
    assert not process & engine
    assert process | engine == names("all")
    assert {"genart_http_requests", "genart_http_streams"} <= process
    assert {"genart_jobs", "genart_jobs_ready", "genart_redis_up"} <= engine
    assert http.get("/metrics", params={"part": "half"}).json()["code"] == "invalid_parameter"


def test_scrape_costs_the_same_however_many_jobs_there_are(
    http: Client, queued: Queued, table: Table
) -> None:
    def commands() -> int:
        stats = table.redis.info("commandstats")
        return sum(stat["calls"] for name, stat in stats.items() if name != "cmdstat_info")

    def cost() -> int:
        before = commands()
        table.figures("text")
        return commands() - before

    queued()
    cost()  # loads the script
    few = cost()
    for _ in range(50):
        table.queue()

    assert cost() == few


def test_gateway_that_is_going_is_alive_and_not_ready(redis_url: str, home: Path) -> None:
    with running_gateway(redis_url, home) as going, Client(base_url=going.url) as http:
        assert http.get("/readyz").status_code == 200
        going.parts.is_draining = True
        answer = http.get("/readyz")

        assert (answer.status_code, answer.json()["code"]) == (503, "draining")
        assert int(answer.headers["retry-after"]) >= 1
        assert http.get("/livez").json() == {"status": "alive"}


def test_open_streams_are_counted(http: Client, queued: Queued, gateway: RunningGateway) -> None:
    with Client(base_url=gateway.url) as other, following(other, queued()) as reader:
        reader.next()
        assert figures(http)["genart_http_streams", ()] == 1


def test_every_problem_is_explained_at_its_type(http: Client) -> None:
    problem = http.get("/nowhere").json()
    explained = http.get(problem["type"]).json()

    assert explained["code"] == problem["code"]
    assert explained["title"] == problem["title"]
    assert explained["remedy"] == REMEDIES[problem["code"]]
    assert http.get("/problems/nope").status_code == 404
