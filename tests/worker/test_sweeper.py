"""Housekeeping: what one sweep does to the files."""

from dataclasses import replace
from pathlib import Path

from genart_core.jobs.blobs import BlobStore, asset_path
from genart_core.jobs.record import Job
from tests.support.table import HOUR_MS, Table
from tests.support.waiting import wait_for
from worker.sweeper import sweep

KEEP = (HOUR_MS, HOUR_MS)


def ended(table: Table, blobs: BlobStore) -> Job:
    """Return a job that has succeeded with one file."""
    job = table.running()
    table.commit(job, path=blobs.write(job.id, job.fence, 0, b"made"))
    return job


def files(home: Path) -> list[Path]:
    return [path for path in (home / "blobs").rglob("*") if path.is_file()]


def test_files_go_when_the_retention_is_over(table: Table, blobs: BlobStore, home: Path) -> None:
    ended(replace(table, keep=(30, HOUR_MS)), blobs)
    kept = ended(table, blobs)

    wait_for(lambda: sweep(table.redis, blobs, reaper="r1", keep=KEEP).due, 30, "files are due")

    assert [path.name.split(".")[0] for path in files(home)] == [kept.id]


def test_files_of_a_deleted_job_go_at_the_next_sweep(
    table: Table, blobs: BlobStore, home: Path
) -> None:
    table.delete(ended(table, blobs).id)

    sweep(table.redis, blobs, reaper="r1", keep=KEEP)

    assert files(home) == []


def test_files_of_the_earlier_layout_go_with_their_job(
    table: Table, blobs: BlobStore, home: Path
) -> None:
    job = table.running()
    path = f"{job.id}/{job.fence}/0"
    (home / "blobs" / path).parent.mkdir(parents=True)
    (home / "blobs" / path).write_bytes(b"made")
    table.commit(job, path=path)
    table.delete(job.id)

    sweep(table.redis, blobs, reaper="r1", keep=KEEP)

    assert list((home / "blobs").iterdir()) == []


def test_swept_job_is_not_swept_again(table: Table, blobs: BlobStore) -> None:
    table.delete(ended(table, blobs).id)

    swept = [len(sweep(table.redis, blobs, reaper="r1", keep=KEEP).due) for _ in range(2)]

    assert swept == [1, 0]


def test_file_that_cannot_be_removed_holds_up_no_other(
    table: Table, blobs: BlobStore, home: Path
) -> None:
    stubborn, *others = [ended(table, blobs) for _ in range(3)]
    (in_the_way := home / "blobs" / stubborn.id[-2:] / f"{stubborn.id}.9.0").mkdir()
    for job in (stubborn, *others):
        table.delete(job.id)

    first, second = (sweep(table.redis, blobs, reaper="r1", keep=KEEP) for _ in range(2))

    assert set(first.due) == {stubborn.id, *(job.id for job in others)}
    assert second.due == ()
    assert {path.name.split(".")[0] for path in files(home)} <= {stubborn.id}
    assert table.members("expiring") == {stubborn.id}
    in_the_way.rmdir()
    table.redis.zadd("genart:expiring", {stubborn.id: 0})  # a minute later
    sweep(table.redis, blobs, reaper="r1", keep=KEEP)
    assert (files(home), table.members("expiring")) == ([], set())


def test_sweep_that_does_not_lead_removes_nothing(
    table: Table, blobs: BlobStore, home: Path
) -> None:
    table.reap("another")
    table.delete(ended(table, blobs).id)

    sweep(table.redis, blobs, reaper="r1", keep=KEEP)

    assert len(files(home)) == 1


def test_picture_that_no_job_may_need_goes(table: Table, blobs: BlobStore, home: Path) -> None:
    for name in ("a" * 64, "b" * 64):
        table.keep_assets(0, **{name: True})
        blobs.write_asset(name, b"picture")
    table.queue(assets=("b" * 64,))

    wait_for(lambda: sweep(table.redis, blobs, reaper="r1", keep=KEEP).due_assets, 30, "one is due")

    assert [path.name for path in files(home)] == ["b" * 64]
    assert table.members("assets") == {"b" * 64}
    assert table.keep_assets(1, **{"a" * 64: False}) == ("unknown",)


def test_picture_that_cannot_be_removed_is_tried_again_later(
    table: Table, blobs: BlobStore, home: Path
) -> None:
    table.keep_assets(0, **{"a" * 64: True, "b" * 64: True})
    (in_the_way := home / "blobs" / asset_path("a" * 64)).mkdir(parents=True)
    blobs.write_asset("b" * 64, b"picture")

    wait_for(
        lambda: sweep(table.redis, blobs, reaper="r1", keep=KEEP).due_assets, 30, "two are due"
    )

    assert (files(home), table.members("assets")) == ([], {"a" * 64})
    assert sweep(table.redis, blobs, reaper="r1", keep=KEEP).due_assets == ()
    in_the_way.rmdir()
