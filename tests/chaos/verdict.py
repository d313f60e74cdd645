"""Was a job lost, or committed twice? Told by the files and by Redis' own log of writes."""

from collections.abc import Sequence
from pathlib import Path

from genart_core.jobs.blobs import BlobStore
from genart_core.jobs.record import JobId
from tests.chaos.ledger import Row
from tests.support.aof import endings
from tests.support.arts import verse
from tests.support.requests import request_of
from tests.support.table import Table


def judge(row: Row, table: Table, ids: Sequence[JobId], *, home: Path, redis_data: Path) -> None:
    """Count these jobs into a row; each must have ended as it should, once."""
    ended = endings(redis_data)
    row.jobs += len(ids)
    row.lost += sum(not _is_made(table, job_id, home) for job_id in ids)
    row.twice += sum(ended[job_id] > 1 for job_id in ids)


def attempts_with_files(home: Path, job_id: JobId) -> int:
    """Return how many attempts of a job have left files in the blob store."""
    files = (home / "blobs").rglob(f"{job_id}.*")
    return len({file.name.split(".")[1] for file in files})


def _is_made(table: Table, job_id: JobId, home: Path) -> bool:
    job = table.look_up(job_id).placed
    if job is None or job.job.status != "succeeded" or len(job.job.outputs) != 1:
        return False
    text = b"".join(BlobStore(f"file://{home}/blobs").read(job.job.outputs[0].path))
    return text.decode() == verse(request_of(table, job_id))
