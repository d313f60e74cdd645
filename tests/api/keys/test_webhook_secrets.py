"""Keys with a secret of their own: what their receivers are told, nobody else can have signed."""

from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version

import pytest
from httpx2 import Client
from redis import Redis
from standardwebhooks import Webhook, WebhookVerificationError

from api.outgoing.webhook_signature import new_secret, parse_secret
from genart_core.jobs import access
from genart_core.jobs.blobs import BlobStore
from genart_core.jobs.store import run
from tests.api.player import Player
from tests.support.gateway import RunningGateway, place_model, running_gateway
from tests.support.keys import bearer, forget_keys, make_key
from tests.support.receiver import SECRET, Message, Receiver, running_receiver
from tests.support.table import Table
from tests.support.waiting import wait_for

OWN, NEWER = new_secret(), new_secret()


@pytest.fixture(scope="module")
def telling(url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    home = tmp_path_factory.mktemp("secrets")
    place_model(home, "tiny")
    settings = {"access": "keys", "webhook_secrets": (SECRET,), "webhook_loopback": True}
    with running_gateway(url, home, **settings) as gateway:
        yield gateway


@pytest.fixture
def gateway(telling: RunningGateway, redis: Redis) -> RunningGateway:
    forget_keys(telling)
    assert telling.parts.webhooks is not None
    telling.parts.webhooks.look_seconds = 0.02
    return telling


@pytest.fixture
def player(gateway: RunningGateway, redis: Redis) -> Player:
    return Player(Table(redis), BlobStore(gateway.settings.blobs), version("genart"))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with running_receiver() as receiver:
        yield receiver


def told(http: Client, player: Player, receiver: Receiver, key: str) -> Message:
    """Return the message about a job of a key."""
    before = len(receiver.messages)
    asked = {"webhook": receiver.url}
    http.post("/v1/text", params=asked, json={"model": "tiny"}, headers=bearer(key))
    player.make()
    wait_for(lambda: len(receiver.messages) > before, 30, "it is told")
    return receiver.messages[-1]


def is_signed_by(message: Message, secret: str) -> bool:
    try:
        Webhook(secret).verify(message.body, message.headers)
    except WebhookVerificationError:
        return False
    return True


def test_key_with_a_secret_of_its_own_is_told_under_it_alone(
    http: Client, redis: Redis, player: Player, receiver: Receiver
) -> None:
    with_own, plain = make_key(redis, webhook_secrets=(OWN,)), make_key(redis)

    own, shared = (told(http, player, receiver, key) for key in (with_own, plain))

    assert is_signed_by(own, OWN)
    assert not is_signed_by(own, SECRET)
    assert is_signed_by(shared, SECRET)
    assert not is_signed_by(shared, OWN)


def test_both_secrets_sign_while_receivers_change_over(
    gateway: RunningGateway, http: Client, redis: Redis, player: Player, receiver: Receiver
) -> None:
    key = make_key(redis, webhook_secrets=(OWN,))
    assert is_signed_by(told(http, player, receiver, key), OWN)

    digest = access.digest_of(key.encode())
    known = (run(redis, access.read_keys()).keys or {})[digest]
    run(redis, access.create_key(digest, replace(known, webhook_secrets=(NEWER, OWN))))
    wait_for(
        lambda: len(gateway.parts.keyring.webhook_keys_of(known.client)) == 2, 30, "it is known"
    )

    message = told(http, player, receiver, key)
    assert is_signed_by(message, OWN)
    assert is_signed_by(message, NEWER)
    assert len(message.headers["webhook-signature"].split(" ")) == 2


def test_secrets_of_keys_are_never_shown(redis: Redis) -> None:
    key = make_key(redis, webhook_secrets=(OWN,))
    known = (run(redis, access.read_keys()).keys or {})[access.digest_of(key.encode())]

    assert known.webhook_secrets == (OWN,)
    assert OWN not in repr(known)
    assert len(parse_secret(OWN)) == 32
