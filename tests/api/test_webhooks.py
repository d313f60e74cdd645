"""Webhooks of the running service, and a receiver that verifies with the public library."""

import json
import ssl
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from importlib.metadata import version
from typing import Any

import pytest
from httpx2 import Client, HTTPTransport
from pydantic import ValidationError
from standardwebhooks import Webhook

from api.dependencies import Gateway
from api.errors import ProblemError
from api.options import MAX_WEBHOOK, options_of
from api.settings import ApiSettings
from api.webhook_signature import parse_secret, signed_headers
from api.webhooks import RETRY_SECONDS, Webhooks, message_of
from examples import webhook_receiver
from genart_core.jobs.blobs import BlobStore
from genart_core.jobs.record import Placed, StoredOutput
from tests.api.player import Player
from tests.support.gateway import RunningGateway, place_model, running_gateway
from tests.support.receiver import OLD_SECRET, SECRET, Receiver, running_receiver
from tests.support.table import Table
from tests.support.waiting import wait_for

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # never used


@pytest.fixture(scope="module")
def telling(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway that sends webhooks, also to this machine."""
    home = tmp_path_factory.mktemp("telling")
    place_model(home, "tiny")
    secrets = (SECRET, OLD_SECRET)
    with running_gateway(
        redis_url, home, webhook_secrets=secrets, webhook_loopback=True
    ) as gateway:
        yield gateway


@pytest.fixture
def hooks(telling: RunningGateway) -> Webhooks:
    """What delivers, with hardly any time between attempts."""
    found = telling.parts.webhooks
    assert found is not None
    found.schedule, found.timeout_seconds = (0.0, 0.01, 0.01), 5.0
    found.look_seconds = 0.02
    return found


@pytest.fixture
def http(telling: RunningGateway, hooks: Webhooks, table: Table) -> Iterator[Client]:
    telling.rest()
    with Client(base_url=telling.url, timeout=20, verify=NO_TLS) as client:
        yield client


@pytest.fixture
def player(telling: RunningGateway, table: Table) -> Player:
    return Player(table, BlobStore(telling.settings.blobs), version=version("genart"))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as receiver:
        yield receiver


def post(http: Client, url: str, kind: str = "text", **parameters: Any) -> dict[str, Any]:
    answer = http.post(
        f"/v1/{kind}", params={"webhook": url, **parameters}, json={"model": "tiny", "seed": 7}
    )
    assert answer.status_code in (200, 202), answer.text
    job: dict[str, Any] = answer.json()
    return job


def told(receiver: Receiver, messages: int = 1) -> Any:
    """Return what the newest of so many messages says, which is genuine."""
    wait_for(lambda: len(receiver.messages) >= messages, 10, "it is told")
    assert len(receiver.messages) == messages
    assert receiver.messages[-1].verified is not None
    return receiver.messages[-1].verified


def delivery(http: Client, job: dict[str, Any], status: str, attempts: int = 1) -> dict[str, Any]:
    """Return what the log says of a job's webhook, once it says so."""

    def look() -> dict[str, Any] | None:
        hooks = http.get(f"{job['urls']['self']}/webhooks").json()["webhooks"]
        is_there = hooks and (hooks[0]["status"], len(hooks[0]["attempts"])) == (status, attempts)
        return dict(hooks[0]) if is_there else None

    found = wait_for(look, 10, f"it is {status}")
    assert found is not None
    return found


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

        body = message_of(Placed(job, None, 0, table.now(), None))

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


class TestSignature:
    def test_signature_is_that_of_the_published_vector(self) -> None:
        # from the reference libraries of github.com/standard-webhooks/standard-webhooks, whose
        # tests sign this: libraries/javascript/src/index.test.ts, "sign function works"
        headers = signed_headers(
            [parse_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")],
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1614265330,
            b'{"test": 2432232314}',
        )

        assert headers == {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        }

    def test_every_secret_signs_the_first_one_first(
        self, http: Client, player: Player, receiver: Receiver
    ) -> None:
        post(http, receiver.url)
        player.make()
        told(receiver)

        sent = receiver.messages[0]
        signatures = sent.headers["webhook-signature"].split(" ")
        assert len(signatures) == 2
        for secret, signature in zip((SECRET, OLD_SECRET), signatures, strict=True):
            alone = {**sent.headers, "webhook-signature": signature}
            assert Webhook(secret).verify(sent.body, alone)
            assert webhook_receiver.is_genuine(secret, alone, sent.body)

    @pytest.mark.parametrize(
        "change",
        [
            {"webhook-id": "msg_other"},
            {"webhook-timestamp": "1614265330"},
            {"webhook-timestamp": "soon"},
            {"webhook-signature": "v1,AAAA v2,x y"},
            {"webhook-signature": ""},
        ],
    )
    def test_the_example_receiver_takes_nothing_else(self, change: dict[str, str]) -> None:
        now = int(datetime.now(UTC).timestamp())
        headers = signed_headers([parse_secret(SECRET)], "msg_1", now, b"{}")

        assert webhook_receiver.is_genuine(SECRET, headers, b"{}")
        assert not webhook_receiver.is_genuine(SECRET, {**headers, **change}, b"{}")
        assert not webhook_receiver.is_genuine(SECRET, headers, b"{ }")
        for moment in (now - 400, now + 400):
            kept = signed_headers([parse_secret(SECRET)], "msg_1", moment, b"{}")
            assert not webhook_receiver.is_genuine(SECRET, kept, b"{}")
        assert not webhook_receiver.is_genuine(OLD_SECRET, headers, b"{}")

    @pytest.mark.parametrize("secret", ["whsec_", "whsec_c2hvcnQ=", "b2xk" * 8, "whsec_?"])
    def test_wrong_secret_is_refused_and_not_repeated(self, secret: str) -> None:
        with pytest.raises(ValidationError, match="24 to 64 bytes") as caught:
            ApiSettings(webhook_secrets=(SECRET, secret))
        assert secret not in str(caught.value).partition("webhook secret is")[0]
        assert SECRET not in str(caught.value)

    def test_secrets_are_read_from_the_environment_and_never_shown(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GENART_WEBHOOK_SECRETS", f"{SECRET}, {OLD_SECRET}")

        settings = ApiSettings()

        assert settings.webhook_keys == (parse_secret(SECRET), parse_secret(OLD_SECRET))
        assert SECRET not in repr(settings)


class TestAttempts:
    def test_message_is_tried_again_until_it_is_accepted(
        self, http: Client, player: Player, receiver: Receiver
    ) -> None:
        receiver.answers = [(500, {}), (404, {}), (204, {})]
        job = post(http, receiver.url)
        player.make()

        log = delivery(http, job, "delivered", 3)

        told(receiver, 3)
        assert {(m.id, m.body) for m in receiver.messages} == {
            (log["id"], receiver.messages[0].body)
        }
        assert [attempt["status"] for attempt in log["attempts"]] == [500, 404, 204]
        assert [attempt["error"] for attempt in log["attempts"]] == ["not accepted"] * 2 + [None]
        assert (log["type"], log["url"]) == ("job.succeeded", receiver.url)
        assert log["next_attempt_at"] is None

    def test_after_the_last_attempt_it_has_failed(
        self, http: Client, player: Player, receiver: Receiver
    ) -> None:
        before = outcomes(http)
        receiver.answers = [(500, {})]
        job = post(http, receiver.url)
        player.make()

        log = delivery(http, job, "failed", 3)

        assert log["next_attempt_at"] is None
        after = outcomes(http)
        risen = {name: after[name] - before[name] for name in after}
        assert risen == {"delivered": 0, "retried": 2, "failed": 1}

    def test_gone_ends_the_attempts(self, http: Client, player: Player, receiver: Receiver) -> None:
        receiver.answers = [(410, {})]
        job = post(http, receiver.url)
        player.make()

        assert delivery(http, job, "failed")["attempts"][0]["status"] == 410

    @pytest.mark.parametrize("form", ["seconds", "moment"])
    def test_receiver_that_wants_to_be_left_alone_is(
        self, http: Client, player: Player, receiver: Receiver, form: str
    ) -> None:
        later = datetime.now(UTC) + timedelta(seconds=90)
        said = "90" if form == "seconds" else format_datetime(later, usegmt=True)
        receiver.answers = [(503, {"Retry-After": said})]
        job = post(http, receiver.url)
        player.make()

        log = delivery(http, job, "pending")

        wait = datetime.fromisoformat(log["next_attempt_at"]) - datetime.now(UTC)
        assert 80 < wait.total_seconds() < 100

    def test_attempts_are_spread_as_the_specification_proposes(
        self, http: Client, hooks: Webhooks, player: Player, receiver: Receiver
    ) -> None:
        assert list(RETRY_SECONDS[:4]) == [0, 5, 300, 1800]
        assert [seconds / 3600 for seconds in RETRY_SECONDS[4:]] == [2, 5, 10, 14, 20, 24]
        hooks.schedule = (0.0, 300.0)
        receiver.answers = [(500, {})]
        job = post(http, receiver.url)
        player.make()

        log = delivery(http, job, "pending")

        wait = datetime.fromisoformat(log["next_attempt_at"]) - datetime.now(UTC)
        assert 290 < wait.total_seconds() < 361

    def test_no_redirect_is_followed(
        self, http: Client, player: Player, receiver: Receiver
    ) -> None:
        receiver.answers = [(307, {"Location": f"{receiver.url}/other"}), (204, {})]
        job = post(http, receiver.url)
        player.make()

        log = delivery(http, job, "delivered", 2)

        assert "redirects" in log["attempts"][0]["error"]
        assert [message.path for message in receiver.messages] == ["/hook", "/hook"]

    def test_receiver_that_does_not_answer_is_left(
        self, http: Client, hooks: Webhooks, player: Player, receiver: Receiver
    ) -> None:
        hooks.timeout_seconds, hooks.schedule = 0.2, (0.0,)
        receiver.may_answer.clear()
        job = post(http, receiver.url)
        player.make()

        (attempt,) = delivery(http, job, "failed")["attempts"]

        assert (attempt["status"], attempt["error"]) == (None, "no answer within 0.2 seconds")
        assert attempt["duration_ms"] >= 200

    def test_receiver_that_is_not_there_is_told_in_the_log(
        self, http: Client, player: Player, hooks: Webhooks
    ) -> None:
        hooks.schedule = (0.0,)
        with running_receiver() as gone:
            url = gone.url
        job = post(http, url)
        player.make()

        assert "doesn't answer" in delivery(http, job, "failed")["attempts"][0]["error"]


class TestLog:
    def test_there_is_none_before_the_end(self, http: Client, receiver: Receiver) -> None:
        job = post(http, receiver.url)

        answer = http.get(f"{job['urls']['self']}/webhooks")
        again = http.post(f"{job['urls']['self']}/webhooks/redeliver")

        assert (answer.status_code, answer.json()) == (200, {"webhooks": []})
        assert (again.status_code, again.json()["code"]) == (409, "no_webhook")

    def test_it_is_delivered_once_more_on_demand(
        self, http: Client, player: Player, receiver: Receiver
    ) -> None:
        job = post(http, receiver.url)
        player.make()
        first = delivery(http, job, "delivered")

        answer = http.post(f"{job['urls']['self']}/webhooks/redeliver")

        assert (answer.status_code, answer.json()["webhooks"][0]["status"]) == (202, "pending")
        told(receiver, 2)
        assert delivery(http, job, "delivered", 2)["id"] == first["id"]
        assert len({message.id for message in receiver.messages}) == 1

    def test_deleted_job_is_told_of_no_more(
        self, http: Client, player: Player, table: Table, receiver: Receiver
    ) -> None:
        receiver.answers = [(503, {"Retry-After": "60"})]
        job = post(http, receiver.url)
        player.make()
        delivery(http, job, "pending")

        http.delete(job["urls"]["self"])

        assert table.names("genart:hook*") == []
        assert http.get(f"{job['urls']['self']}/webhooks").status_code == 404

    def test_others_see_and_send_nothing(
        self, http: Client, telling: RunningGateway, player: Player, receiver: Receiver
    ) -> None:
        url = f"{post(http, receiver.url)['urls']['self']}/webhooks"
        player.make()
        told(receiver)

        transport = HTTPTransport(local_address="127.0.0.2", verify=NO_TLS)
        with Client(base_url=telling.url, transport=transport) as stranger:
            codes = [stranger.get(url).json()["code"]]
            codes.append(stranger.post(f"{url}/redeliver").json()["code"])

        assert codes == ["unknown_job"] * 2
        assert len(receiver.messages) == 1


class TestSubmit:
    @pytest.mark.parametrize(
        ("query", "parameter", "said"),
        [
            ({"webhook": "http://a.test/"}, "webhook", "https://host/path"),
            ({"webhook": "http://127.0.0.2:80/"}, "webhook", "https://host/path"),
            ({"webhook": "ftp://a.test/"}, "webhook", "https://host/path"),
            ({"webhook": "a.test"}, "webhook", "https://host/path"),
            ({"webhook": "https://me:word@a.test/"}, "webhook", "name or password"),
            ({"webhook": "https://a.test:6379/"}, "webhook", "port"),
            ({"webhook": "https://a.test/a\r\nHost: b"}, "webhook", "ASCII"),
            ({"webhook": "https://bücher.test/"}, "webhook", "ASCII"),
            ({"webhook": "https://[::1/"}, "webhook", "can't be read"),
            ({"webhook": "https://127.0.0.1/"}, "webhook", "public internet"),
            ({"webhook": "https://[::ffff:10.0.0.1]/"}, "webhook", "public internet"),
            ({"webhook": "https://169.254.169.254/latest"}, "webhook", "public internet"),
            ({"webhook": ""}, "webhook", "at least 1 character"),
            ({"webhook": "https://a.test/".ljust(MAX_WEBHOOK + 1, "a")}, "webhook", "at most 2000"),
            ({"webhook_events": "failed"}, "webhook_events", "no `webhook`"),
            (
                {"webhook": "https://a.test/", "webhook_events": "failed,running"},
                "webhook_events",
                "'succeeded', 'failed'",
            ),
        ],
    )
    def test_wrong_webhook_is_named(
        self, http: Client, query: dict[str, str], parameter: str, said: str
    ) -> None:
        answer = http.post("/v1/text", params=query, json={"model": "tiny"})

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")
        assert answer.json()["errors"][0]["parameter"] == parameter
        assert said in answer.json()["errors"][0]["detail"]

    def test_webhook_to_this_machine_wants_its_setting(self) -> None:
        query = {"query_string": b"webhook=http://localhost:9000/"}

        with pytest.raises(ProblemError, match="https://host/path"):
            options_of(query, ApiSettings(webhook_secrets=(SECRET,)))

    def test_another_webhook_makes_it_another_request(
        self, http: Client, receiver: Receiver
    ) -> None:
        def send(url: str) -> int:
            answer = http.post(
                "/v1/text",
                params={"webhook": url},
                json={"model": "tiny"},
                headers={"Idempotency-Key": "k"},
            )
            return answer.status_code

        urls: Sequence[str] = (receiver.url, receiver.url, f"{receiver.url}/other")
        assert [send(url) for url in urls] == [202, 202, 422]


def test_service_without_secrets_says_that_it_tells_nobody(gateway: RunningGateway) -> None:
    parts: Gateway = gateway.parts
    with Client(base_url=gateway.url, verify=NO_TLS) as http:
        answer = http.post(
            "/v1/text", params={"webhook": "https://a.test/"}, json={"model": "tiny"}
        )

    assert parts.webhooks is None
    assert (answer.status_code, answer.json()["code"]) == (422, "webhooks_off")
    assert "GENART_WEBHOOK_SECRETS" in answer.json()["detail"]


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


def outcomes(http: Client) -> dict[str, float]:
    """Return how many attempts have had each outcome so far."""
    prefix = 'genart_webhooks_total{outcome="'
    lines = [line for line in http.get("/metrics").text.splitlines() if line.startswith(prefix)]
    return {
        line.removeprefix(prefix).partition('"')[0]: float(line.rpartition(" ")[2])
        for line in lines
    }
