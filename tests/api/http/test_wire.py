"""What a peer may send before it is a request: bounded in bytes, in fields and in time."""

import json
import socket
from collections.abc import Iterator

import pytest
from httpx2 import Client

from api.http import wire
from api.http.errors import PROBLEMS, SECURITY_HEADERS
from api.http.wire import HEAD_BYTES, HEAD_FIELDS
from tests.api.sockets import one_answer
from tests.support.gateway import RunningGateway
from tests.support.waiting import wait_for

LINE = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"


@pytest.fixture
def peer(gateway: RunningGateway) -> Iterator[socket.socket]:
    with socket.create_connection((gateway.host, gateway.port), timeout=20) as peer:
        yield peer


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway that waits a quarter of a second where it waits many."""
    monkeypatch.setattr(wire, "HEAD_SECONDS", 0.25)
    monkeypatch.setattr(wire, "BODY_SECONDS", 0.25)
    monkeypatch.setattr(wire, "UNREAD_SECONDS", 0.25)


def rest(peer: socket.socket) -> bytes:
    """Return what comes until the gateway hangs up."""
    try:
        return b"".join(iter(lambda: peer.recv(65536), b""))
    except ConnectionResetError:
        return b""


def problem_in(answer: bytes) -> str:
    """Return the code of a problem that closes its connection."""
    head, _, body = answer.partition(b"\r\n\r\n")
    problem = json.loads(body)
    assert b"application/problem+json" in head
    assert b"connection: close" in head
    for name, value in SECURITY_HEADERS.items():
        assert f"\r\n{name}: {value}\r\n".encode() in head
    assert f"\r\nx-request-id: {problem['request_id']}\r\n".encode() in head
    assert head.startswith(b"HTTP/1.1 %d " % problem["status"])
    assert PROBLEMS[problem["code"]].status == problem["status"]
    return str(problem["code"])


@pytest.mark.parametrize(
    "start",
    [
        b"GET /" + b"a" * HEAD_BYTES + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        LINE + b"X-Long: " + b"a" * HEAD_BYTES + b"\r\n\r\n",
        LINE + b"".join(b"X-%d: 1\r\n" % i for i in range(HEAD_FIELDS)) + b"\r\n",
        LINE + b"X-Never-Ends: " + b"a" * (2 * HEAD_BYTES),
    ],
    ids=["address", "field", "fields", "unfinished"],
)
def test_head_beyond_its_bounds_is_refused(peer: socket.socket, start: bytes) -> None:
    peer.sendall(start)

    assert problem_in(rest(peer)) == "head_too_large"


def test_head_within_its_bounds_is_read(peer: socket.socket) -> None:
    fields = b"".join(b"X-%d: %s\r\n" % (i, b"a" * 400) for i in range(HEAD_FIELDS - 2))

    peer.sendall(LINE + b"Connection: close\r\n" + fields[:1000])
    peer.sendall(fields[1000:] + b"\r\n")

    assert rest(peer).startswith(b"HTTP/1.1 200 ")


def test_every_head_of_a_connection_has_the_whole_bound(peer: socket.socket) -> None:
    field = b"X-Long: " + b"a" * (HEAD_BYTES // 2) + b"\r\n"

    for _ in range(4):
        peer.sendall(LINE + field + b"\r\n")
        assert one_answer(peer).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "junk", [b"\x16\x03\x01\x02\x00\x01\x00", b"HELO\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"]
)
def test_what_is_no_http_is_said_to_be_none(peer: socket.socket, junk: bytes) -> None:
    peer.sendall(junk)

    assert problem_in(rest(peer)) == "malformed_http"


@pytest.mark.usefixtures("hurry")
def test_peer_who_never_ends_its_head_is_told_and_let_go(peer: socket.socket) -> None:
    peer.sendall(LINE)

    assert problem_in(rest(peer)) == "request_timeout"


@pytest.mark.usefixtures("hurry")
def test_slow_second_head_is_let_go_too(peer: socket.socket) -> None:
    peer.sendall(LINE + b"\r\n")
    assert one_answer(peer).startswith(b"HTTP/1.1 200 ")

    peer.sendall(b"GET /live")

    assert problem_in(rest(peer)) == "request_timeout"


@pytest.mark.usefixtures("hurry")
def test_peer_who_says_nothing_is_let_go(gateway: RunningGateway) -> None:
    with socket.create_connection((gateway.host, gateway.port), timeout=20) as peer:
        assert rest(peer) == b""


@pytest.mark.usefixtures("hurry")
def test_body_that_stops_coming_ends_the_connection(
    gateway: RunningGateway, peer: socket.socket
) -> None:
    fields = b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n"
    peer.sendall(b"POST /v1/text HTTP/1.1\r\nHost: localhost\r\n" + fields + b'{"len')

    assert rest(peer) == b""
    wait_for(lambda: not gateway.server.server_state.tasks, 30, "its request has ended")


@pytest.mark.usefixtures("hurry")
def test_peer_who_takes_no_answers_is_let_go(gateway: RunningGateway) -> None:
    ask = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection((gateway.host, gateway.port), timeout=20) as peer:
        peer.sendall(ask * 100)  # tens of megabytes, more than buffers hold
        wait_for(lambda: gateway.server.server_state.connections, 30, "it is there")

        wait_for(lambda: not gateway.server.server_state.connections, 30, "it is let go")
        wait_for(lambda: not gateway.server.server_state.tasks, 30, "its request has ended")


def test_requests_of_a_peer_who_hangs_up_end_all_of_them(
    gateway: RunningGateway, http: Client, caplog: pytest.LogCaptureFixture
) -> None:
    job = http.post("/v1/text", json={"model": "tiny"}).headers["location"]
    follow = f"GET {job}/events HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with socket.create_connection((gateway.host, gateway.port), timeout=20) as peer:
        peer.sendall(follow + 3 * (LINE + b"\r\n"))  # the stream is not the newest of them
        assert peer.recv(65536).startswith(b"HTTP/1.1 200 ")
        wait_for(lambda: gateway.parts.wakeups.waiting, 30, "it follows")

    wait_for(lambda: not gateway.parts.wakeups.waiting, 30, "it follows no more")
    wait_for(lambda: not gateway.server.server_state.tasks, 30, "all have ended")
    assert "met a fault" not in caplog.text


def test_many_slow_peers_keep_nobody_else_out(gateway: RunningGateway) -> None:
    slow = [socket.create_connection((gateway.host, gateway.port), timeout=20) for _ in range(200)]
    try:
        for peer in slow:
            peer.sendall(b"GET /livez HT")
        with socket.create_connection((gateway.host, gateway.port), timeout=5) as quick:
            quick.sendall(LINE + b"Connection: close\r\n\r\n")
            assert rest(quick).startswith(b"HTTP/1.1 200 ")
    finally:
        for peer in slow:
            peer.close()
