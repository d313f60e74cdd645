"""What is read from a bare connection."""

import socket


def one_answer(peer: socket.socket) -> bytes:
    """Return an answer by its length."""
    answer = b""
    while True:
        headers, _, body = answer.partition(b"\r\n\r\n")
        length = headers.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        if body and len(body) == int(length):
            return answer
        piece = peer.recv(65536)
        assert piece, "hung up early"
        answer += piece
