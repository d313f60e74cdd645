import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from genart_core.jobs.blobs import BlobStore, asset_path
from genart_core.jobs.record import JobId, new_job_id
from tests.support.bucket import Bucket
from tests.support.workers import ROOT

JOB = new_job_id()


@pytest.fixture(params=["file", "memory", "bucket"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    if request.param == "bucket":
        bucket: Bucket = request.getfixturevalue("bucket")
        return BlobStore(f"{bucket.url}/{uuid4()}")
    return BlobStore(
        f"file://{tmp_path}/blobs" if request.param == "file" else f"memory://{uuid4()}"
    )


def whole(blobs: BlobStore, path: str) -> bytes:
    return b"".join(blobs.read(path))


@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 4000])
def test_file_is_read_as_it_was_written(blobs: BlobStore, data: bytes) -> None:
    assert whole(blobs, blobs.write(JOB, 1, 0, data)) == data


@pytest.mark.parametrize(("start", "end"), [(0, 0), (0, 3), (3, 7), (7, None), (9, 99), (50, 60)])
def test_range_is_the_slice(blobs: BlobStore, start: int, end: int | None) -> None:
    path = blobs.write(JOB, 1, 0, b"0123456789")

    assert b"".join(blobs.read(path, start, end)) == b"0123456789"[start:end]


def test_range_may_cross_chunks(blobs: BlobStore) -> None:
    data = bytes(range(256)) * 4096
    path = blobs.write(JOB, 1, 0, data)

    assert b"".join(blobs.read(path, 1000, 900_000)) == data[1000:900_000]


def test_attempts_do_not_touch_each_other(blobs: BlobStore) -> None:
    stale = blobs.write(JOB, 1, 0, b"stale")
    right = blobs.write(JOB, 2, 0, b"right")

    blobs.delete_attempt(JOB, 1)

    assert whole(blobs, right) == b"right"
    with pytest.raises(FileNotFoundError):
        whole(blobs, stale)


def test_deleting_a_job_removes_every_attempt(blobs: BlobStore) -> None:
    paths = [blobs.write(JOB, fence, 0, b"x") for fence in (1, 2)]
    kept = blobs.write(new_job_id(), 3, 0, b"kept")

    blobs.delete(JOB)

    assert whole(blobs, kept) == b"kept"
    for path in paths:
        with pytest.raises(FileNotFoundError):
            whole(blobs, path)


def test_deleting_what_is_not_there_is_no_error(blobs: BlobStore) -> None:
    blobs.delete(new_job_id())
    blobs.delete_attempt(new_job_id(), 1)


def test_file_written_again_is_the_later_one(blobs: BlobStore) -> None:
    blobs.write(JOB, 1, 0, b"first, and longer")

    assert whole(blobs, blobs.write(JOB, 1, 0, b"second")) == b"second"


def test_reader_sees_a_whole_file_or_none(tmp_path: Path) -> None:
    blobs = BlobStore(f"file://{tmp_path}")
    versions = [bytes([n]) * 100_000 for n in (1, 2)]
    path = blobs.write(JOB, 1, 0, versions[0])
    is_done = threading.Event()

    def rewrite() -> None:
        for count in range(60):
            blobs.write(JOB, 1, 0, versions[count % 2])
        is_done.set()

    writer = threading.Thread(target=rewrite)
    writer.start()
    seen = set()
    while not is_done.is_set():
        seen.add((tmp_path / path).read_bytes())
    writer.join()

    assert seen <= set(versions)


def test_nothing_but_the_files_is_left(tmp_path: Path) -> None:
    blobs = BlobStore(f"file://{tmp_path}")

    paths = {blobs.write(JOB, 1, number, b"x") for number in range(3)}

    found = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()}
    assert found == paths


def test_attempt_whose_fence_begins_alike_keeps_its_files(blobs: BlobStore) -> None:
    near = blobs.write(JOB, 11, 0, b"near")
    blobs.write(JOB, 1, 0, b"gone")

    blobs.delete_attempt(JOB, 1)

    assert whole(blobs, near) == b"near"


def test_files_of_many_jobs_share_a_folder(tmp_path: Path) -> None:
    blobs = BlobStore(f"file://{tmp_path}")
    jobs = [JobId(f"{number:024}XY") for number in range(20)]

    for job_id in jobs:
        blobs.write(job_id, 1, 0, b"x")

    assert [path.name for path in tmp_path.rglob("*") if path.is_dir()] == ["XY"]


def test_name_is_synced_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs, sync = BlobStore(f"file://{tmp_path}"), os.fsync
    found: list[str] = []

    def noting(descriptor: int) -> None:
        found.extend(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.0*"))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", noting)
    path = blobs.write(JOB, 1, 0, b"x")

    assert found == [path]


def test_file_that_another_removed_first_does_not_keep_the_rest(
    blobs: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (blobs.write(JOB, 1, number, b"x") for number in range(2))
    remove = blobs._files.rm_file

    def race(path: str) -> None:
        if path.endswith(first):
            remove(path)  # the other was quicker
        remove(path)

    monkeypatch.setattr(blobs._files, "rm_file", race)
    blobs.delete(JOB)

    for path in (first, second):
        with pytest.raises(FileNotFoundError):
            whole(blobs, path)


def test_files_of_the_earlier_layout_are_read_and_removed(tmp_path: Path) -> None:
    blobs, job_id = BlobStore(f"file://{tmp_path}"), new_job_id()
    for fence in ("1", "2"):
        (tmp_path / job_id / fence).mkdir(parents=True)
        (tmp_path / job_id / fence / "0").write_bytes(b"earlier")
    kept = blobs.write(new_job_id(), 3, 0, b"kept")

    assert whole(blobs, f"{job_id}/2/0") == b"earlier"
    later = blobs.write(job_id, 3, 0, b"later")
    blobs.delete_attempt(job_id, 3)
    assert whole(blobs, f"{job_id}/2/0") == b"earlier"
    blobs.delete(job_id)

    assert not (tmp_path / job_id).exists()
    assert not (tmp_path / later).exists()
    assert whole(blobs, kept) == b"kept"


def test_asset_is_read_as_it_was_written_and_removed_alone(blobs: BlobStore) -> None:
    digests = [f"ab{n}{'0' * 61}" for n in range(2)]
    for digest in digests:
        blobs.write_asset(digest, digest.encode())

    blobs.delete_asset(digests[0])

    assert not blobs.has(asset_path(digests[0]))
    assert whole(blobs, asset_path(digests[1])) == digests[1].encode()


def test_asset_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    blobs = BlobStore(f"file://{tmp_path}")
    blobs.write_asset("a" * 64, b"first")
    before = (tmp_path / asset_path("a" * 64)).stat().st_ino

    blobs.write_asset("a" * 64, b"first")

    assert (tmp_path / asset_path("a" * 64)).stat().st_ino == before


def test_asset_has_its_name_only_once_it_is_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    path = tmp_path / asset_path("a" * 64)
    sync = os.fsync

    def noted(descriptor: int) -> None:
        sync(descriptor)
        seen.append(path.exists())

    monkeypatch.setattr(os, "fsync", noted)
    BlobStore(f"file://{tmp_path}").write_asset("a" * 64, b"x")

    assert seen == [False, True]  # the bytes, then the folder that has the name


def test_many_writers_of_one_asset_leave_one_whole_file(tmp_path: Path) -> None:
    data = bytes(range(256)) * 4000
    threads = [
        threading.Thread(target=BlobStore(f"file://{tmp_path}").write_asset, args=("a" * 64, data))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()] == [data]


def test_what_a_killed_writer_left_goes_with_its_asset(tmp_path: Path) -> None:
    blobs = BlobStore(f"file://{tmp_path}")
    part = tmp_path / f"{asset_path('a' * 64)}.0123abcd.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"half")

    blobs.delete_asset("a" * 64)

    assert not part.exists()


@contextmanager
def little_room(bytes_left: int) -> Iterator[None]:
    """The system writes no file larger than this, as if the disk were full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_left, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_write_that_fails_leaves_no_part_on_the_full_disk(tmp_path: Path) -> None:
    blobs, data = BlobStore(f"file://{tmp_path}"), b"x" * 100_000
    writes: list[Callable[[], object]] = [
        lambda: blobs.write_asset("a" * 64, data),
        lambda: blobs.write(JOB, 1, 0, data),
        lambda: blobs.write_preview(JOB, 1, 0, data),
    ]

    for write in writes:
        with little_room(1000), pytest.raises(OSError, match="too large"):
            write()

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_previews_go_with_their_attempt(blobs: BlobStore) -> None:
    preview = blobs.write_preview(JOB, 1, 3, b"so far")
    assert whole(blobs, preview) == b"so far"

    blobs.delete_attempt(JOB, 1)

    assert not blobs.has(preview)


def test_removing_a_file_that_is_gone_is_no_error(blobs: BlobStore) -> None:
    path = blobs.write_preview(JOB, 1, 0, b"x")

    blobs.delete_file(path)
    blobs.delete_file(path)

    assert not blobs.has(path)


def test_what_another_host_wrote_is_seen_where_the_folder_was_listed_before(
    bucket: Bucket,
) -> None:
    place = f"{bucket.url}/{uuid4()}"
    here = BlobStore(place)
    here.write(JOB, 1, 0, b"early")
    here.delete_attempt(JOB, 7)  # lists the folder
    program = (
        "from genart_core.jobs.blobs import BlobStore; "
        f"BlobStore({place!r}).write({JOB!r}, 2, 0, b'late')"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)

    path = f"{JOB[-2:]}/{JOB}.2.0"
    assert whole(here, path) == b"late"
    assert here.has(path)
