"""How a webhook is signed, and what receivers take."""

from datetime import UTC, datetime

import pytest
from httpx2 import Client
from pydantic import ValidationError
from standardwebhooks import Webhook

from api.outgoing.webhook_signature import parse_secret, signed_headers
from api.settings import ApiSettings
from examples import webhook_receiver
from tests.api.player import Player
from tests.api.webhooks.asking import post, told
from tests.support.receiver import OLD_SECRET, SECRET, Receiver


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
