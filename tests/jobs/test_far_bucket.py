"""A bucket that is not there, says nothing or is away."""

import socket
from collections.abc import Iterator

import pytest
from s3fs import S3FileSystem

from genart_core.jobs.blobs import BlobStore
from genart_core.jobs.record import new_job_id
from tests.support.bucket import Bucket

JOB = new_job_id()


def test_bucket_that_is_not_there_is_an_os_error(bucket: Bucket) -> None:
    BlobStore(bucket.url).reach()

    with pytest.raises(OSError, match="does not exist"):
        BlobStore("s3://no-such-bucket/jobs").reach()


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        yield unheard.getsockname()[1]


def far_store(port: int, monkeypatch: pytest.MonkeyPatch) -> BlobStore:
    """A bucket behind a port, tried once."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # else each would be tried for seconds
    monkeypatch.setattr(S3FileSystem, "retries", 1)
    S3FileSystem.clear_instance_cache()  # it has read the environment of other tests
    blobs = BlobStore("s3://away/jobs")
    S3FileSystem.clear_instance_cache()
    return blobs


@pytest.fixture
def silent_port() -> Iterator[int]:
    """It takes connections, and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        yield mute.getsockname()[1]


def test_bucket_that_says_nothing_is_not_waited_for_forever(
    silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OSError, match=r"doesn't answer within 0\.2 seconds"):
        far_store(silent_port, monkeypatch).reach(0.2)


def test_bucket_that_is_away_is_an_os_error(
    closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    blobs = far_store(closed_port, monkeypatch)

    for act in (
        lambda: blobs.write(JOB, 1, 0, b"x"),
        lambda: blobs.has("a/b"),
        lambda: blobs.size("a/b"),
        lambda: list(blobs.read("a/b")),
        lambda: blobs.delete(JOB),
        lambda: blobs.delete_file("a/b"),
    ):
        with pytest.raises(OSError, match="away"):
            act()
