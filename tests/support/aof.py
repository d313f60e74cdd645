"""What Redis itself wrote down, to hold against what the job table says of itself.

Every write stands in the append-only file, those that were later overwritten too. Transitions stand
there as their effects.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from genart_core.jobs.record import TERMINAL, JobId
from tests.support.names import job_key

_PREFIX = job_key("").encode()


def endings(folder: Path) -> Counter[JobId]:
    """Return how often each job was ended, by the files below a server's data folder."""
    found: Counter[JobId] = Counter()
    for path in sorted(folder.rglob("*.incr.aof")):
        with path.open("rb") as file:
            found.update(_ended(command) for command in _commands(file) if _ends_a_job(command))
    return found


def _ends_a_job(command: list[bytes]) -> bool:
    if command[0].upper() != b"HSET" or not command[1].startswith(_PREFIX):
        return False
    fields = dict(zip(command[2::2], command[3::2], strict=True))
    return fields.get(b"status", b"").decode() in TERMINAL


def _ended(command: list[bytes]) -> JobId:
    return JobId(command[1].removeprefix(_PREFIX).decode())


def _commands(file: BinaryIO) -> Iterator[list[bytes]]:
    """Yield the commands of an append-only file; one that is still being written is left out."""
    while header := file.readline():
        parts = []
        for _ in range(int(header[1:])):
            size = int(file.readline()[1:] or 0)
            parts.append(file.read(size + 2)[:-2])
        if len(parts[-1]) == size:
            yield parts
