"""An answer before the end of a body: the caller gets it whole, and can't hold the gateway."""

import socket
import time
from collections.abc import Iterator

import pytest

from api.http.linger import LINGER_BYTES, LINGER_SECONDS
from tests.api.sockets import one_answer
from tests.support.gateway import RunningGateway

CHUNKED = "Transfer-Encoding: chunked"
JSON = "Content-Type: application/json"
SIZE = 3_000_000
PIECE = b"x" * 0x10000
CHUNK = b"10000\r\n" + PIECE + b"\r\n"
IN_FLIGHT = 16 * 1024 * 1024  # what the kernel's buffers of both ends may hold


def head(line: str, *fields: str) -> bytes:
    return "\r\n".join([f"{line} HTTP/1.1", "Host: localhost", *fields, "", ""]).encode()


@pytest.fixture
def peer(gateway: RunningGateway) -> Iterator[socket.socket]:
    with socket.create_connection((gateway.host, gateway.port), timeout=20) as peer:
        yield peer


def rest(peer: socket.socket) -> bytes:
    """Return what comes until the gateway hangs up."""
    return b"".join(iter(lambda: peer.recv(65536), b""))


def sent_until_cut_off(peer: socket.socket, piece: bytes, pause: float) -> int:
    """Send pieces until the gateway has hung up; return how many bytes they were."""
    sent = 0
    try:
        while sent < 4 * LINGER_BYTES:
            peer.sendall(piece)
            sent += len(piece)
            time.sleep(pause)
    except ConnectionError:
        return sent
    raise AssertionError("it takes everything")


@pytest.mark.parametrize(
    ("line", "fields", "status"),
    [
        ("POST /v1/text", [JSON], 413),
        ("POST /v1/text", [], 415),
        ("POST /nope", [], 404),
        ("PUT /livez", [], 405),
        ("POST /v1/text", ["Origin: http://elsewhere"], 403),
    ],
)
@pytest.mark.parametrize("length", [CHUNKED, f"Content-Length: {SIZE}"])
def test_caller_who_writes_all_before_reading_gets_the_answer(
    peer: socket.socket, line: str, fields: list[str], status: int, length: str
) -> None:
    peer.sendall(head(line, length, *fields))
    if length == CHUNKED:
        for _ in range(SIZE // len(PIECE)):
            peer.sendall(CHUNK)
        peer.sendall(b"0\r\n\r\n")
    else:
        peer.sendall(b"x" * SIZE)
    answer = rest(peer)

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"\r\nconnection: close\r\n" in answer
    assert answer.endswith(b"}")


def test_caller_who_wants_the_connection_closed_gets_the_answer(peer: socket.socket) -> None:
    peer.sendall(head("POST /nope", "Content-Length: 900000", "Connection: close"))
    peer.sendall(b"x" * 900_000)

    assert rest(peer).startswith(b"HTTP/1.1 404 ")


def test_too_large_body_that_does_not_come_is_answered_all_the_same(peer: socket.socket) -> None:
    peer.sendall(head("POST /v1/text", JSON, "Content-Length: 99999999999") + b"{")
    answer = rest(peer)

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code":"body_too_large"' in answer


def test_answer_is_there_while_the_body_is_still_being_sent(peer: socket.socket) -> None:
    peer.sendall(head("POST /v1/text", CHUNKED) + CHUNK)

    assert one_answer(peer).startswith(b"HTTP/1.1 415 ")
    peer.sendall(CHUNK + b"0\r\n\r\n")
    assert rest(peer) == b""


def test_connection_is_kept_after_a_short_body_that_nobody_read(peer: socket.socket) -> None:
    for _ in range(2):
        peer.sendall(head("POST /nope", "Content-Length: 100000"))
        peer.sendall(b"x" * 100_000)
        answer = one_answer(peer)

        assert answer.startswith(b"HTTP/1.1 404 ")
        assert b"connection:" not in answer.lower()


@pytest.mark.parametrize("address", ["/v1/text", "/nope"])
def test_caller_who_never_stops_is_cut_off(peer: socket.socket, address: str) -> None:
    peer.sendall(head(f"POST {address}", CHUNKED, JSON))

    sent = sent_until_cut_off(peer, CHUNK, pause=0)

    assert LINGER_BYTES * 0.9 < sent < LINGER_BYTES + IN_FLIGHT


def test_caller_who_trickles_for_ever_is_cut_off(peer: socket.socket) -> None:
    peer.sendall(head("POST /v1/text", CHUNKED))

    sent = sent_until_cut_off(peer, b"1\r\nx\r\n", pause=LINGER_SECONDS / 20)

    assert sent < 6 * 100  # 20 fit in the time; how many more depends on how late the gateway looks
