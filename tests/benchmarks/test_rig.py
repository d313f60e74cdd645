"""The parts of the benchmark that a run in which all goes well doesn't show."""

import asyncio

import pytest

from benchmarks.rig import http
from benchmarks.rig.figures import Figure
from benchmarks.rig.systems import OUTPUT_BYTES, Account


def figure(bar: float, *, at_least: bool, pairs: list[tuple[float, float]]) -> Figure:
    made = Figure("name", "ms", "other", bar=bar, at_least=at_least)
    for ours, other in pairs:
        made.add(ours, other)
    return made


@pytest.mark.parametrize(
    ("bar", "at_least", "is_met"),
    [(2.0, False, True), (1.9, False, False), (2.0, True, True), (2.1, True, False)],
)
def test_median_of_the_rounds_is_judged(bar: float, at_least: bool, is_met: bool) -> None:
    # ratios 9, 2, 1: one bad round decides nothing
    judged = figure(bar, at_least=at_least, pairs=[(90, 10), (2, 1), (5, 5)])

    assert judged.is_met is is_met


def account(
    *, accepted: int = 3, done: int = 3, files: int = 3, size: int = OUTPUT_BYTES
) -> Account:
    return Account("ours", accepted, done, files, frozenset({size}), ())


def test_work_done_exactly_once_is_no_fault() -> None:
    assert account().faults == []


@pytest.mark.parametrize("wrong", [account(done=2), account(files=4), account(size=0)])
def test_lost_doubled_and_cut_work_are_faults(wrong: Account) -> None:
    assert len(wrong.faults) == 1


async def answered(*chunks: bytes) -> http.Answer:
    """Return what a connection makes of an answer that comes in these pieces."""
    has_served = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for chunk in chunks:
            writer.write(chunk)
            await asyncio.sleep(0.01)  # else they arrive as one
        writer.close()
        has_served.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        connection = await http.connect(server.sockets[0].getsockname()[1])
        try:
            return await connection.ask(http.get(0, "/"))
        finally:
            await has_served.wait()
            connection.close()


def test_answer_in_pieces_is_put_together() -> None:
    pieces = (b"HTTP/1.1 202 Accepted\r\nCont", b"ent-Length: 4\r\n\r\nab", b"cd")

    assert asyncio.run(answered(*pieces)) == http.Answer(202, b"abcd")


def test_server_that_hangs_up_is_an_error() -> None:
    with pytest.raises(ConnectionError):
        asyncio.run(answered(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab"))


def test_answer_of_unknown_length_is_an_error() -> None:
    with pytest.raises(ValueError, match="Content-Length"):
        asyncio.run(answered(b"HTTP/1.1 200 OK\r\n\r\n"))
