"""A field that Python has no name for, through the gateway: `class` of gan-sample."""

import json

import pytest
from httpx2 import Client

from tests.support.gateway import RunningGateway, place_model
from tests.support.waiting import wait_for

MODEL = "toys"
CLASSES = [{"name": "horse"}, {"name": "ship"}]


@pytest.fixture(autouse=True)
def generator(studio: RunningGateway, caller: Client) -> None:
    """A generator of few classes."""
    place_model(studio.settings.home, MODEL, art="gan", latent=4, size=32, classes=CLASSES)
    wait_for(lambda: caller.get(f"/v1/models/{MODEL}").status_code == 200, 30, "it is found")


@pytest.mark.parametrize(
    ("wish", "recorded"),
    [("horse", ["horse"]), (1, [1]), (["ship", 0], ["ship", 0]), (None, None)],
)
def test_class_stands_in_the_record_as_it_was_sent(
    caller: Client, wish: object, recorded: object
) -> None:
    fields = {} if wish is None else {"class": wish}
    answer = caller.post("/v1/gan-sample", json={"model": MODEL, **fields})

    assert answer.status_code == 202, answer.text
    assert answer.json()["request"]["class"] == recorded


def test_unknown_class_is_refused_with_the_known_ones(caller: Client) -> None:
    answer = caller.post("/v1/gan-sample", json={"model": MODEL, "class": "cat"})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "invalid_request")
    assert problem["errors"][0]["pointer"] == "/class"
    assert "horse, ship" in problem["detail"]


def test_a_film_too_large_for_any_memory_is_refused_with_what_would_fit(caller: Client) -> None:
    answer = caller.post("/v1/gan-sample", json={"mode": "walk", "frames": 600, "scale": 16})

    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "too_large")
    assert "scale 7 would fit" in problem["detail"]


def test_a_class_of_another_type_is_named_by_its_field(caller: Client) -> None:
    answer = caller.post("/v1/gan-sample", json={"class": 1.5})

    assert answer.status_code == 422
    assert all(each["pointer"].startswith("/class") for each in answer.json()["errors"])


def test_class_stands_in_the_document(caller: Client) -> None:
    document = json.loads(caller.get("/openapi.json").text)

    field = document["components"]["schemas"]["GanSampleRequest"]["properties"]["class"]
    assert field["title"] == "Class"
    assert caller.get(f"/v1/models/{MODEL}").json()["class_list"] == [
        {"name": "horse"},
        {"name": "ship"},
    ]
