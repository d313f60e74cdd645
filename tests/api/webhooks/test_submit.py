"""Which webhooks a submit takes."""

from collections.abc import Sequence

import pytest
from httpx2 import Client

from api.dependencies import Gateway
from api.http.errors import ProblemError
from api.settings import ApiSettings
from api.submitting.options import MAX_WEBHOOK, options_of
from tests.api.webhooks.asking import NO_TLS
from tests.support.gateway import RunningGateway
from tests.support.receiver import SECRET, Receiver


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
