"""How often a webhook is tried, and where that is told."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from httpx2 import Client, HTTPTransport

from api.outgoing.webhooks import RETRY_SECONDS, Webhooks
from tests.api.player import Player
from tests.api.webhooks.asking import NO_TLS, delivery, outcomes, post, told
from tests.support.gateway import RunningGateway
from tests.support.receiver import Receiver, running_receiver
from tests.support.table import Table


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
