"""Where webhooks go, and where they don't; and that none is lost with its gateway."""

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from api.engine.redis_line import RedisLine
from api.outgoing.addresses import Address, is_public
from api.outgoing.dial import Dialer
from api.outgoing.post import _seconds
from api.outgoing.webhook_signature import parse_secret
from api.outgoing.webhooks import Webhooks
from genart_core.jobs import hooks
from genart_core.jobs.hooks import Hook
from tests.support.outside import NAME, Outside, make_certificate, running_outside, trusting
from tests.support.receiver import SECRET, running_receiver
from tests.support.table import Table
from tests.support.waiting import wait_for

HERE = ip_address("127.0.0.1")
PLAIN_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


def resolving(*addresses: str) -> Callable[[str, int], Awaitable[Sequence[Address]]]:
    async def resolve(host: str, port: int) -> Sequence[Address]:
        return [ip_address(address) for address in addresses]

    return resolve


def is_here(address: Address) -> bool:
    """Allow the machine that plays the outside."""
    return address == HERE


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def outside(certificate: tuple[Path, Path]) -> Iterator[Outside]:
    with running_outside(*certificate) as host:
        host.show(b"")
        yield host


@pytest.fixture
def deliver(
    table: Table, redis_url: str, certificate: tuple[Path, Path], outside: Outside
) -> Callable[..., Hook]:
    """Delivers the message about a job, by a guard as it is set up; returns what became of it."""

    def deliver(url: str = "", *, plain_hosts: frozenset[str] = frozenset(), **guard: Any) -> Hook:
        usual: dict[str, Any] = {"context": trusting(certificate[0]), "allow": is_here}
        dialer = Dialer(**usual | {"resolve": resolving("127.0.0.1")} | guard)
        job_id = table.queue(webhook=url or f"https://{NAME}:{outside.port}/a?b=1")
        table.cancel(job_id)

        def hook() -> Hook:
            found = table.send(hooks.get_hook(job_id, "ann")).hook
            assert found is not None
            return found

        async def run() -> None:
            line = RedisLine(redis_url, patience_seconds=3)
            webhooks = Webhooks(
                line,
                [parse_secret(SECRET)],
                count=lambda outcome: None,
                plain_hosts=plain_hosts,
                dialer=dialer,
                ports=frozenset({outside.port, 443}),
                schedule=(0.0,),
            )
            task = asyncio.create_task(webhooks.keep_delivering())
            async with asyncio.timeout(10):
                while hook().status == "pending":
                    await asyncio.sleep(0.01)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await line.aclose()

        asyncio.run(run())
        return hook()

    return deliver


def test_message_goes_to_the_host_that_it_is_for(
    deliver: Callable[..., Hook], outside: Outside
) -> None:
    hook = deliver()

    assert hook.status == "delivered", hook
    head = outside.heads[0].decode()
    assert head.startswith("POST /a?b=1 HTTP/1.1\r\n")
    assert f"\r\nHost: {NAME}:{outside.port}\r\n" in head
    assert outside.names == [NAME], "the certificate is asked for by name"


@pytest.mark.parametrize(
    "addresses",
    [
        *(("127.0.0.1",), ("::1",), ("10.0.0.1",), ("169.254.169.254",), ("::ffff:127.0.0.1",)),
        *(("93.184.215.14", "127.0.0.1"), ("100.64.0.1",), ()),
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("plain_hosts", [frozenset(), PLAIN_HOSTS], ids=["", "development"])
def test_host_with_any_address_that_is_not_public_is_not_gone_to(
    deliver: Callable[..., Hook],
    outside: Outside,
    addresses: tuple[str, ...],
    plain_hosts: frozenset[str],
) -> None:
    hook = deliver(resolve=resolving(*addresses), allow=is_public, plain_hosts=plain_hosts)

    assert "public internet" in hook.attempts[0].error
    assert outside.connections == 0


def test_name_is_resolved_once_and_its_address_is_the_one_gone_to(
    deliver: Callable[..., Hook],
) -> None:
    asked: list[str] = []

    async def turncoat(host: str, port: int) -> Sequence[Address]:
        asked.append(host)
        return [HERE if len(asked) == 1 else ip_address("10.0.0.1")]

    assert deliver(resolve=turncoat).status == "delivered"
    assert asked == [NAME]


def test_certificate_must_be_trusted(deliver: Callable[..., Hook], outside: Outside) -> None:
    hook = deliver(context=ssl.create_default_context())

    assert "certificate" in hook.attempts[0].error
    assert outside.heads == []


def test_what_goes_in_the_clear_goes_to_this_machine_alone(deliver: Callable[..., Hook]) -> None:
    with running_receiver() as receiver:
        here = deliver(receiver.url, plain_hosts=PLAIN_HOSTS)
        off = deliver(receiver.url)
        renamed = receiver.url.replace("127.0.0.1", "localhost")
        elsewhere = deliver(
            renamed, plain_hosts=PLAIN_HOSTS, resolve=resolving("10.0.0.1"), allow=is_public
        )

    assert here.status == "delivered"
    assert "https" in off.attempts[0].error
    assert "public internet" in elsewhere.attempts[0].error
    assert len(receiver.messages) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\n" + b"x-pad: y\r\n" * 10_000,
        b"HTTP/1.1 200 OK\r\nContent-Le",
    ],
    ids=["another protocol", "nothing", "endless", "cut"],
)
def test_what_is_no_answer_accepts_nothing(
    deliver: Callable[..., Hook], outside: Outside, answer: bytes
) -> None:
    outside.answer(answer)

    hook = deliver()

    assert (hook.status, hook.attempts[0].status) == ("failed", None)


@given(st.binary(max_size=40) | st.datetimes().map(lambda moment: format_datetime(moment).encode()))
def test_whatever_retry_after_says_is_a_time_or_nothing(field: bytes) -> None:
    assert _seconds(field) >= 0.0


def test_message_outlives_a_gateway_that_is_killed_while_it_delivers(
    redis_url: str, table: Table, tmp_path: Path
) -> None:
    with running_receiver() as receiver:
        receiver.may_answer.clear()
        job_id = table.queue(webhook=receiver.url)
        table.cancel(job_id)
        with gateway_process(redis_url, tmp_path) as first:
            wait_for(lambda: receiver.messages, 20, "the first gateway delivers")
            first.send_signal(signal.SIGKILL)
            first.wait()
        receiver.may_answer.set()
        cut_short = table.send(hooks.get_hook(job_id, "ann")).hook
        assert cut_short is not None
        assert (cut_short.status, cut_short.attempts) == ("pending", ())
        assert cut_short.due_at > table.now()
        table.redis.zadd("genart:hooks", {job_id: table.now()})  # its lease runs out

        with gateway_process(redis_url, tmp_path):
            wait_for(lambda: len(receiver.messages) == 2, 20, "the second one delivers")
            wait_for(lambda: not table.members("hooks"), 30, "it is noted")

    first_time, second_time = receiver.messages
    assert first_time.id == second_time.id
    assert first_time.body == second_time.body
    assert first_time.verified is not None
    assert first_time.verified == second_time.verified


@contextmanager
def gateway_process(redis_url: str, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a gateway in a process of its own that tells receivers on this machine."""
    code = (
        "import socket, sys\n"
        "from api.server import create_server\n"
        "from api.settings import ApiSettings\n"
        "create_server(ApiSettings()).run([socket.socket(fileno=int(sys.argv[1]))])"
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        environment = {
            **os.environ,
            "REDIS_URL": redis_url,
            "GENART_HOME": str(home),
            "GENART_WEBHOOK_SECRETS": SECRET,
            "GENART_WEBHOOK_LOOPBACK": "true",
        }
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(listener.fileno())],
            pass_fds=[listener.fileno()],
            env=environment,
            stderr=subprocess.DEVNULL,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(15)
