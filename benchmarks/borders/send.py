"""Attacks on the wire: sent as they are, and what was answered."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from api.http.errors import PROBLEMS, SECURITY_HEADERS
from benchmarks.borders.case import Case

AT_ONCE = 8
ANSWER_SECONDS = 30.0
CUT_SECONDS = 0.1
_MAX_ANSWER = 32 * 1024 * 1024


class Answer(NamedTuple):
    """What came back before the connection ended; status 0 = nothing, -1 = no end of waiting."""

    status: int
    head: bytes
    body: bytes

    def field(self, name: bytes) -> bytes:
        """Return a header field, empty if there is none."""
        _, found, rest = self.head.lower().partition(b"\r\n" + name + b": ")
        return self.head[len(self.head) - len(rest) :].partition(b"\r\n")[0] if found else b""


@dataclass
class Tally:
    """What became of the attacks of one class."""

    name: str
    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    endings: Counter[str] = field(default_factory=Counter)  # of the jobs that came of it
    breaches: list[str] = field(default_factory=list)

    def note(self, index: int, case: Case, answer: Answer) -> None:
        """Note an answer, and what is wrong with it."""
        self.sent += 1
        self.statuses[answer.status] += 1
        wrong = wrong_with(case, answer)
        if wrong:
            self.breaches.append(f"{self.name}:{index}: {wrong}")


def wrong_with(case: Case, answer: Answer) -> str:
    """Return in what an answer breaks the promise, "" if it doesn't."""
    if answer.status == -1:
        return f"no answer within {ANSWER_SECONDS:g} s"
    if answer.status not in case.allowed:
        return f"answered with {answer.status} {answer.body[:200]!r}"
    if answer.status and answer.status != 100:
        lowered = answer.head.lower()
        for name in (*SECURITY_HEADERS, "x-request-id"):
            if b"\r\n" + name.encode() + b": " not in lowered:
                return f"the answer {answer.status} has no {name}"
        if b"\r\nx-injected:" in lowered:
            return "a header was injected"
    if answer.status >= 400 and not case.has_head_only:
        return _wrong_with_problem(answer)
    return ""


def _wrong_with_problem(answer: Answer) -> str:
    try:
        problem = orjson.loads(answer.body)
        code = problem["code"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return f"the answer {answer.status} is no problem document: {answer.body[:100]!r}"
    if PROBLEMS.get(code) is None or PROBLEMS[code].status != answer.status:
        return f"the answer {answer.status} has the code {code!r}"
    return ""


async def send(port: int, case: Case, *, seconds: float = ANSWER_SECONDS) -> Answer:
    """Send one attack over a connection of its own and return what came within so many seconds."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        with suppress(ConnectionError):
            for piece in case.pieces:
                writer.write(piece)
                await asyncio.wait_for(writer.drain(), seconds)
        whole = asyncio.create_task(_all(reader))
        if case.is_cut:
            await asyncio.wait({whole}, timeout=CUT_SECONDS)
            with suppress(OSError):
                writer.write_eof()
        return _answer(await asyncio.wait_for(whole, seconds))
    except TimeoutError:
        return Answer(-1, b"", b"")
    finally:
        writer.transport.abort()


async def send_all(
    port: int,
    cases: Iterable[tuple[int, Case]],
    note: Callable[[int, Case, Answer], Awaitable[None]],
) -> None:
    """Send attacks, some at a time, each with its number; `note` hears of each answer."""
    waiting = iter(cases)

    async def one_after_the_other() -> None:
        for index, case in waiting:
            await note(index, case, await send(port, case))

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(one_after_the_other())


async def _all(reader: asyncio.StreamReader) -> bytes:
    pieces, size = [], 0
    with suppress(ConnectionError):
        while piece := await reader.read(65536):
            pieces.append(piece)
            size += len(piece)
            if size > _MAX_ANSWER:
                break
    return b"".join(pieces)


def _answer(data: bytes) -> Answer:
    head, _, body = data.partition(b"\r\n\r\n")
    if head.startswith(b"HTTP/1.1 100"):
        head, _, body = body.partition(b"\r\n\r\n")
    status = int(head[9:12]) if head[9:12].isdigit() else 0
    answer = Answer(status, head, body)
    length = answer.field(b"content-length")
    # of several answers over one connection, the first
    return answer._replace(body=body[: int(length)]) if length.isdigit() else answer
