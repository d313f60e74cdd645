"""Every metric that a dashboard, an alert or the scaling asks for is one that a gateway tells."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.request import urlopen

import pytest

from tests.deploy.manifests import ROOT, named, read
from tests.support.gateway import RunningGateway

_METRIC = re.compile(r"\b(?:genart|process)_[a-z_]+")
_PARTS = {
    "counter": ("",),
    "gauge": ("",),
    "histogram": ("_bucket", "_sum", "_count"),
    "summary": ("_sum", "_count"),
}


def dashboard() -> Any:
    path = ROOT / "deploy" / "grafana" / "dashboards" / "genart.json"
    return json.loads(path.read_text())


def queries() -> Iterator[str]:
    board = dashboard()
    for panel in board["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))
    yield from (variable["definition"] for variable in board["templating"]["list"])
    for group in read(ROOT / "deploy" / "prometheus" / "alerts.yml")["groups"]:
        yield from (rule["expr"] for rule in group["rules"])
    (trigger,) = named("ScaledObject", "genart-worker")["spec"]["triggers"]
    yield trigger["metadata"]["query"]


@pytest.fixture
def told(gateway: RunningGateway) -> set[str]:
    """The names of the samples that each family of a running gateway has, or will have."""
    with urlopen(f"{gateway.url}/metrics") as answer:
        text = answer.read().decode()
    types = re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE)
    return {name + part for name, kind in types for part in _PARTS[kind]}


def test_every_metric_that_is_asked_for_is_told(told: set[str]) -> None:
    asked = {name for query in queries() for name in _METRIC.findall(query)}

    assert len(asked) > 12
    assert asked - told == set()


def test_what_every_gateway_tells_of_the_engine_is_taken_once() -> None:
    summed = re.compile(r"sum(?: by \([^)]*\))? ?\((?:rate|increase)?\(?genart_(?!http|webhooks)")

    assert [query for query in queries() if summed.search(query)] == []


def test_panels_do_not_overlap_and_have_their_own_numbers() -> None:
    panels = dashboard()["panels"]
    cells = [
        (x, y)
        for panel in panels
        for place in (panel["gridPos"],)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_every_alert_is_tested() -> None:
    rules = read(ROOT / "deploy" / "prometheus" / "alerts.yml")["groups"][0]["rules"]
    tests = read(ROOT / "deploy" / "prometheus" / "alerts_test.yml")["tests"]
    fired = {
        case["alertname"]
        for test in tests
        for case in test["alert_rule_test"]
        if case.get("exp_alerts")
    }

    assert {rule["alert"] for rule in rules} == fired
