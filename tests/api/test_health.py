from collections.abc import Callable

from httpx2 import Client
from prometheus_client.parser import text_string_to_metric_families

from genart_core.jobs import upkeep
from tests.api.conftest import Post
from tests.api.player import Player
from tests.api.sse import following
from tests.support.gateway import RunningGateway
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
    assert len(routes) < 20


def test_invented_methods_share_one_label(http: Client) -> None:
    for method in ("PROPFIND", "REPORT", "SEARCH"):
        http.request(method, "/livez")

    methods = {dict(labels).get("method") for _, labels in figures(http)}
    assert "other" in methods
    assert not methods & {"PROPFIND", "REPORT", "SEARCH"}


def test_open_streams_are_counted(http: Client, queued: Queued, gateway: RunningGateway) -> None:
    with Client(base_url=gateway.url) as other, following(other, queued()) as reader:
        reader.next()
        assert figures(http)["genart_http_streams", ()] == 1


def test_every_problem_is_explained_at_its_type(http: Client) -> None:
    problem = http.get("/nowhere").json()
    explained = http.get(problem["type"]).json()

    assert explained["code"] == problem["code"]
    assert explained["title"] == problem["title"]
    assert http.get("/problems/nope").status_code == 404
