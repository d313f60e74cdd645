"""What is refused at submit since the chosen model or the workers could not make it."""

import json
from typing import Any

import pytest
from httpx2 import Client, Response

from genart_core.jobs import upkeep
from tests.support.gateway import RunningGateway, place_model
from tests.support.table import Table
from tests.support.waiting import wait_for

LAYERS = [{"name": f"relu{n}_1", "channels": 8 * n, "stride": 2 ** (n - 1)} for n in (1, 2, 3)]
CLASSES = [{"name": f"thing {n}", "wnid": f"n{n:08d}"} for n in range(1000)]


@pytest.fixture(autouse=True)
def network(studio: RunningGateway, caller: Client) -> None:
    """A network named `small`, in a folder that is not its art's name."""
    home = studio.settings.home
    place_model(home, "small", art="networks", layers=LAYERS, classes=CLASSES, licence="none")
    place_model(home, "stray", art="test", licence="none")
    wait_for(lambda: caller.get("/v1/models/small").status_code == 200, 30, "the model is found")


def post(http: Client, **fields: object) -> Response:
    return http.post("/v1/checked", json=fields)


def announce(table: Table, worker: str, **facts: Any) -> None:
    table.send(upkeep.announce(worker, {"kinds": ["checked"], **facts}))


def forget_workers(http: Client, table: Table, *workers: str) -> None:
    for worker in workers:
        table.send(upkeep.depart(worker))
    wait_for(lambda: post(http, size=10**9).status_code == 202, 30, "the workers are forgotten")


def test_layer_that_the_model_has_not_is_refused_with_those_it_has(
    caller: Client, table: Table
) -> None:
    answer = post(caller, layers=["relu1_1", "relu9_9"])

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "invalid_request")
    assert problem["errors"][0]["pointer"] == "/layers"
    assert "relu1_1, relu2_1, relu3_1" in problem["detail"]
    assert table.stored_ids() == []
    assert post(caller, layers=["relu1_1"]).status_code == 202


def test_model_is_looked_for_in_the_folder_of_the_kind(caller: Client) -> None:
    answer = post(caller, model="stray")

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_model")
    assert answer.json()["known"] == ["small"]
    assert caller.get("/v1/models/small").json()["kinds"] == ["checked"]


def test_request_without_a_worker_is_not_measured(caller: Client) -> None:
    assert post(caller, size=10**9).status_code == 202


def test_what_fits_in_no_worker_is_refused_with_what_would(caller: Client, table: Table) -> None:
    announce(table, "w1", free_memory=100)
    announce(table, "w2", free_memory=2500)
    announce(table, "w3", free_memory=10**12, kinds=["text"])

    def refused() -> Response | None:
        answer = post(caller, size=51)
        return answer if answer.status_code == 422 else None

    answer = wait_for(refused, 30, "the gateway knows the workers")
    assert answer is not None
    assert answer.json()["code"] == "too_large"
    assert answer.json()["errors"][0] == {
        **{"pointer": "/size", "got": "51"},
        "detail": "At most 50 fits",
    }
    assert post(caller, size=50).status_code == 202
    forget_workers(caller, table, "w1", "w2", "w3")


def test_worker_that_does_not_say_what_it_has_may_have_enough(caller: Client, table: Table) -> None:
    announce(table, "w1", free_memory=100)
    wait_for(lambda: post(caller, size=11).status_code == 422, 30, "the worker is known")

    announce(table, "w2", free_memory=None)

    wait_for(lambda: post(caller, size=11).status_code == 202, 30, "the other is known too")
    forget_workers(caller, table, "w1", "w2")


def test_models_are_shown_with_their_layers_and_classes(caller: Client) -> None:
    one = caller.get("/v1/models/small").json()
    (listed,) = (m for m in caller.get("/v1/models").json()["models"] if m["name"] == "small")

    assert listed["layers"] == one["layers"] == LAYERS
    assert listed["classes"] == one["classes"] == 1000
    assert one["class_list"] == CLASSES
    assert "class_list" not in listed
    assert len(json.dumps(listed)) < 2000
    assert one["card"] == {"licence": "none"}
