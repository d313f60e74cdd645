"""Bodies too large to hold, and the threads that read them.

A body with pictures is taken in pieces of a megabyte: each goes, in a thread, to whoever makes
sense of it (`Sink`), which keeps large files on disk. So a caller who sends slowly costs a
megabyte, whatever is being sent, and hashing and disks hold nobody else up.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeAlias, TypeVar

from starlette.requests import ClientDisconnect, Request

from api.incoming.bodies import declared_within, too_large

P = ParamSpec("P")
T = TypeVar("T")

Sink: TypeAlias = Callable[[bytes], object]

THREADS = 2  # each may hold one picture, or a body of JSON with some, at a time
PIECE_BYTES = 1024 * 1024


class Intake:
    """What a gateway reads pictures with."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="intake")
        self.one_at_a_time = asyncio.Lock()
        """For work that takes several times the memory of a picture."""

    async def run(self, work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
        """Return what `work` returns; so many at a time are at work."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: work(*args, **named))

    async def read(
        self, request: Request, fields: dict[bytes, bytes], limit: int, sink: Sink
    ) -> None:
        """Hand the body to `sink`, piece by piece.

        Raises:
            ProblemError: `body_too_large` as soon as that is clear.
            ClientDisconnect: if the caller hangs up before its end.
        """
        declared_within(fields, limit)
        pieces: list[bytes] = []
        held = size = 0
        more = True
        while more:
            message = await request.receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            piece, more = message.get("body", b""), message.get("more_body", False)
            pieces.append(piece)
            held += len(piece)
            size += len(piece)
            if size > limit:
                raise too_large(limit)
            if held >= PIECE_BYTES or not more:
                await self.run(sink, b"".join(pieces))
                pieces.clear()
                held = 0

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)
