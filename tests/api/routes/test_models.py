from httpx2 import Client
from redis import Redis

from genart_core.jobs import upkeep
from genart_core.jobs.store import run
from tests.support.gateway import RunningGateway
from tests.support.waiting import wait_for


def test_models_are_listed_with_what_is_known_of_them(http: Client) -> None:
    listed = {model["name"]: model for model in http.get("/v1/models").json()["models"]}

    tiny = listed["tiny"]
    assert (tiny["art"], tiny["kinds"], tiny["shipped"]) == ("text", ["text"], False)
    assert tiny["card"] == {"licence": "none"}
    assert len(tiny["sha256"]) == 64
    assert tiny["url"] == "/v1/models/tiny"


def test_one_model_is_the_listed_one(http: Client) -> None:
    listed = http.get("/v1/models").json()["models"]

    for model in listed:
        one = http.get(model["url"]).json()
        # the classes' names, 1000 of them, are told of one model alone
        assert len(one.pop("class_list", ())) == model.get("classes", 0)
        assert one == model


def test_unknown_model_gets_404_with_the_known_ones(http: Client) -> None:
    answer = http.get("/v1/models/nope")

    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_model")
    assert {"nietzsche", "tiny"} <= set(answer.json()["known"])


def test_model_that_can_be_pulled_is_not_called_unknown(http: Client) -> None:
    answer = http.get("/v1/models/vgg19")

    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_model")
    assert "genart models pull vgg19" in answer.json()["detail"]


def test_model_names_reach_no_file(http: Client, gateway: RunningGateway) -> None:
    for name in ("..%2f..%2fetc%2fpasswd", "%2e%2e", "tiny.safetensors", "text%2ftiny", "%00"):
        assert http.get(f"/v1/models/{name}").status_code == 404


def test_model_that_only_a_worker_has_can_be_asked_for(redis: Redis, http: Client) -> None:
    assert http.post("/v1/text", json={"model": "far"}).status_code == 422

    run(redis, upkeep.announce("w1", {"models": {}, "available": {"text/far": "ab" * 32}}))

    def is_taken() -> bool:
        return http.post("/v1/text", json={"model": "far"}).status_code == 202

    wait_for(is_taken, 30, "the model of a worker elsewhere")
    assert http.get("/v1/models/far").json()["bytes"] is None
