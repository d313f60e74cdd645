"""How endings are written."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from genart_core.artwork import Artwork, Output
from genart_core.jobs.blobs import BlobStore
from genart_core.jobs.record import Job
from tests.support.table import HOUR_MS, Table
from worker.ledger import Ledger

PICTURE = Output(b"picture", "image/png", width=3, height=2)


class Settled:
    """Notes which jobs are through."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def __call__(self, job: Job) -> None:
        self.jobs.append(job)


@pytest.fixture
def settled() -> Settled:
    return Settled()


@pytest.fixture
def ledger(table: Table, blobs: BlobStore, settled: Settled) -> Ledger:
    return Ledger(
        table.redis,
        blobs,
        keep=(HOUR_MS, HOUR_MS),
        outage_seconds=5,
        settled=settled,
        device="cpu",
    )


def files(home: Path) -> list[Path]:
    return [path for path in (home / "blobs").rglob("*") if path.is_file()]


def test_outputs_are_described_as_they_are(table: Table, ledger: Ledger, home: Path) -> None:
    job = table.running()

    ledger.commit(job, Artwork((PICTURE, Output(b"text", "text/plain"))), share_ms=1, weights={})
    ledger.wait()

    picture, text = table.job(job.id).outputs
    assert (picture.media_type, picture.bytes, picture.width, picture.height) == (
        ("image/png", 7, 3, 2)
    )
    assert (text.media_type, text.bytes, text.width, text.height) == ("text/plain", 4, None, None)
    assert picture.sha256 == hashlib.sha256(b"picture").hexdigest()
    assert (home / "blobs" / picture.path).read_bytes() == b"picture"


def test_record_says_what_made_the_outputs(table: Table, ledger: Ledger) -> None:
    job = table.running()

    ledger.commit(job, Artwork(()), share_ms=1, weights={"test/small": "abc"})
    ledger.wait()

    provenance = table.job(job.id).provenance or {}
    assert provenance["device"] == "cpu"
    assert provenance["weights"] == {"test/small": "abc"}
    assert provenance["version"]


@pytest.mark.parametrize("ending", ["canceling", "lost"])
def test_files_of_a_refused_commit_are_removed(
    table: Table, ledger: Ledger, home: Path, ending: str
) -> None:
    job = table.running()
    if ending == "canceling":
        table.cancel(job.id)
    else:
        table.open_slot("s1")

    ledger.commit(job, Artwork((PICTURE,)), share_ms=1, weights={})
    ledger.wait()

    assert table.job(job.id).outputs == ()
    assert files(home) == []


def test_commit_sent_again_after_a_lost_reply_keeps_its_files(
    table: Table, ledger: Ledger, home: Path
) -> None:
    job = table.running()
    for _ in range(2):
        ledger.commit(job, Artwork((PICTURE,)), share_ms=1, weights={})
        ledger.wait()

    stored = table.job(job.id).outputs
    assert [str(path.relative_to(home / "blobs")) for path in files(home)] == [stored[0].path]


@pytest.mark.parametrize(
    "result", [{"x": float("nan")}, {"x": float("inf")}, {"x": {1}}, {"x": "x" * 70_000}]
)
def test_result_that_cannot_be_stored_fails_the_job(
    table: Table, ledger: Ledger, settled: Settled, result: dict[str, Any]
) -> None:
    job = table.running()

    ledger.commit(job, Artwork((), result), share_ms=1, weights={})
    ledger.wait()

    failed = table.job(job.id)
    assert failed.status == "failed"
    assert failed.error is not None
    assert failed.error["code"] == "output_not_stored"
    assert settled.jobs == [job]


def test_outputs_that_cannot_be_stored_fail_the_job(
    table: Table, ledger: Ledger, home: Path
) -> None:
    job = table.running()
    (home / "blobs").mkdir(parents=True)
    (home / "blobs" / job.id[-2:]).write_text("in the way")

    ledger.commit(job, Artwork((PICTURE,)), share_ms=1, weights={})
    ledger.wait()

    error = table.job(job.id).error
    assert error is not None
    assert (error["code"], error["retryable"]) == ("output_not_stored", True)


@pytest.mark.parametrize(
    ("ending", "status"), [("cancel", "canceled"), ("expire", "expired"), ("hand_back", "queued")]
)
def test_each_ending_has_its_status(
    table: Table, ledger: Ledger, settled: Settled, ending: str, status: str
) -> None:
    job = table.running()

    getattr(ledger, ending)(job)
    ledger.wait()

    assert table.job(job.id).status == status
    assert settled.jobs == [job]


def test_ending_that_redis_refuses_is_logged_and_let_go(
    table: Table, ledger: Ledger, settled: Settled, caplog: pytest.LogCaptureFixture
) -> None:
    job = table.running()
    table.redis.delete("genart:leases")
    table.redis.set("genart:leases", "no sorted set")

    ledger.commit(job, Artwork(()), share_ms=1, weights={})
    ledger.wait()

    assert settled.jobs == [job]
    assert [vars(record)["fields"]["job_id"] for record in caplog.records] == [job.id]
