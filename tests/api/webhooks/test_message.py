"""What a webhook says."""

import json

import pytest
from httpx2 import Client

from api.outgoing.webhooks import message_of
from genart_core.jobs.record import Placed, StoredOutput
from tests.api.player import Player
from tests.api.webhooks.asking import post, told
from tests.support.receiver import Receiver
from tests.support.table import Table


class TestMessage:
    def test_receiver_is_told_what_has_ended_and_where_it_is(
        self, http: Client, player: Player, receiver: Receiver
    ) -> None:
        job = post(http, receiver.url, tag="night")
        player.make("made")

        message = told(receiver)

        whole = http.get(job["urls"]["self"]).json()
        assert (message["type"], message["timestamp"]) == ("job.succeeded", whole["finished_at"])
        assert message["data"]["output_count"] == 1
        kept = {name: said for name, said in message["data"].items() if name != "output_count"}
        assert kept == {name: whole[name] for name in kept}
        left_out = {"request", "result", "provenance"}
        assert kept.keys() >= {"id", "outputs", "tags", "urls", "error"}
        assert not kept.keys() & left_out
        assert http.get(message["data"]["outputs"][0]["url"]).text == "made"
        sent = receiver.messages[0]
        assert (sent.path, sent.headers["content-type"]) == ("/hook", "application/json")

    @pytest.mark.parametrize("ending", ["failed", "expired", "canceled"])
    def test_every_ending_is_told(
        self, http: Client, player: Player, table: Table, receiver: Receiver, ending: str
    ) -> None:
        post(http, receiver.url)
        table.fail(player.take(), status=ending)  # type: ignore[arg-type]  # one of them

        message = told(receiver)

        assert (message["type"], message["data"]["status"]) == (f"job.{ending}", ending)
        assert message["data"]["outputs"] == []

    def test_job_with_earlier_results_is_told_too(
        self, http: Client, player: Player, receiver: Receiver
    ) -> None:
        post(http, receiver.url)
        player.make()
        first = told(receiver)

        job = post(http, receiver.url)

        message = told(receiver, 2)
        assert job["cached"]
        assert (message["data"]["id"], message["data"]["cached"]) == (job["id"], True)
        assert message["data"]["id"] != first["data"]["id"]

    def test_ending_that_was_not_asked_for_is_not_told(
        self, http: Client, player: Player, receiver: Receiver
    ) -> None:
        job = post(http, receiver.url, webhook_events="failed,expired")
        player.make()

        asked = post(http, receiver.url, webhook_events="failed,succeeded")

        assert told(receiver)["data"]["id"] == asked["id"]
        assert http.get(f"{job['urls']['self']}/webhooks").json() == {"webhooks": []}

    def test_message_is_thin_whatever_the_job_is(self, table: Table) -> None:
        tags = tuple("x" * 62 + f"{n:02}" for n in range(16))
        job = table.running(tags=tags, request=json.dumps({"prompt": "x" * 100_000}))
        outputs = tuple(StoredOutput("p", "image/png", 10**9, "0" * 64, 1, 1) for _ in range(500))
        table.commit(job)
        object.__setattr__(job := table.job(job.id), "outputs", outputs)

        body = message_of(Placed(job, None, table.now(), None))

        assert len(body) < 20_000
        assert json.loads(body)["data"]["output_count"] == 500

    def test_batch_and_reproduction_name_webhooks_too(
        self, http: Client, player: Player, receiver: Receiver
    ) -> None:
        wanted = {"webhook": receiver.url, "webhook_events": ["succeeded"]}
        jobs = [{"kind": "text", "request": {"model": "tiny"}, **wanted}]
        batch = http.post("/v1/batch", json={"jobs": jobs}).json()
        player.make()
        assert told(receiver)["data"]["id"] == batch["results"][0]["job"]["id"]

        first = batch["results"][0]["job"]["id"]
        again = http.post("/v1/reproduce", params={"webhook": receiver.url}, json={"job": first})
        player.table.cancel(again.json()["id"])
        assert told(receiver, 2)["data"]["id"] == again.json()["id"]


def test_document_tells_receivers_what_comes(http: Client) -> None:
    document = http.get("/openapi.json").json()

    operation = document["webhooks"]["job_ended"]["post"]
    names = {parameter["name"] for parameter in operation["parameters"]}
    assert names == {"webhook-id", "webhook-timestamp", "webhook-signature"}
    schema = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    assert schema.rpartition("/")[2] in document["components"]["schemas"]
    events = [
        parameter
        for parameter in document["paths"]["/v1/text"]["post"]["parameters"]
        if parameter["name"] == "webhook_events"
    ]
    assert (events[0]["style"], events[0]["explode"]) == ("form", False)
