"""Files of jobs, over fsspec: `{shard}/{job}.{fence}.{n}`, and the pictures that callers sent.

Each attempt writes under its own fence number, so a stale worker can't overwrite what another
committed; a file is visible to callers only once the record names it.

A folder for each job and attempt would be the plain way, but an artwork is one small file as a
rule: to make and remove two folders for it costs more than the file, and each is one more name to
sync. A shard is the id's last two characters, which are random; its 1024 folders are made once and
stay. What was stored as `{job}/{fence}/{n}`, before, is still read (records name the path) and
removed.

A preview lies beside the outputs, as `{job}.{fence}.p{n}`. A picture that a caller sent is an
asset, `assets/{first 2 of sha256}/{sha256}`: it is stored once, however often it is sent.

On a disk a file becomes whole and durable by a name of its own, a renaming and a sync. In a bucket
(`s3://`) a single PUT is both: nobody sees a part of it, and once it is answered it stays. Others
write there too, so nothing that was listed or looked up is remembered, and whatever the protocol's
own library raises when the store is away is raised as `OSError`, as a disk would.
"""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from genart_core.jobs.record import JobId

REACH_SECONDS = 10.0  # its host may be starting beside us

_CHUNK = 256 * 1024
_FAR_CHUNK = 4 * 1024 * 1024  # each chunk is a request


class BlobStore:
    """Files under one URL: `file:///path` or `s3://bucket/prefix`."""

    def __init__(self, url: str) -> None:
        """Open the store; the folder is made when the first file is written."""
        files, self._root = fsspec.url_to_fs(url, use_listings_cache=False)
        self._files: Any = files
        self._is_local = isinstance(files, LocalFileSystem)
        self._lists_by_prefix = "s3" in files.protocol
        self._chunk = _CHUNK if self._is_local else _FAR_CHUNK
        self._away = _errors_of(files)

    def reach(self, seconds: float = REACH_SECONDS) -> None:
        """Return if the store is there; a folder is made when it is needed.

        Raises:
            OSError: if there is no such bucket, or it may not be read, or it doesn't answer in
                time.
        """
        if self._is_local:
            return
        bounds = {"timeout": seconds} if self._files.async_impl else {}
        try:
            with self._reached():
                self._files.ls(self._root.partition("/")[0], detail=False, **bounds)
        except TimeoutError as error:
            raise OSError(f"it doesn't answer within {seconds:g} seconds") from error

    def write(self, job_id: JobId, fence: int, number: int, data: bytes) -> str:
        """Store a file durably and return its path; a reader sees all of it or nothing."""
        path = f"{_shard(job_id)}/{job_id}.{fence}.{number}"
        whole = f"{self._root}/{path}"
        if self._is_local:
            _write_durably(whole, data)
        else:
            self._put(whole, data)
        return path

    def write_preview(self, job_id: JobId, fence: int, number: int, data: bytes) -> str:
        """Store a preview and return its path. It is soon replaced, so a power cut may take it."""
        path = f"{_shard(job_id)}/{job_id}.{fence}.p{number}"
        whole = f"{self._root}/{path}"
        if self._is_local:
            with _made(whole) as file:
                file.write(data)
        else:
            self._put(whole, data)
        return path

    def write_asset(self, sha256: str, data: bytes) -> None:
        """Store a picture durably under its digest, unless it is there."""
        whole = f"{self._root}/{asset_path(sha256)}"
        if not self.has(asset_path(sha256)):
            if not self._is_local:
                self._put(whole, data)
                return
            # a name of its own: others may be writing the same picture
            _write_synced(whole, f"{whole}.{secrets.token_hex(4)}.part", data)
        if self._is_local:
            _sync_folder(os.path.dirname(whole))  # noqa: PTH120

    def has(self, path: str) -> bool:
        """Whether there is such a file."""
        with self._reached():
            return bool(self._files.exists(f"{self._root}/{path}"))

    def size(self, path: str) -> int:
        """Return a file's length in bytes.

        Raises:
            FileNotFoundError: if there is no such file.
        """
        with self._reached():
            return cast(int, self._files.size(f"{self._root}/{path}"))

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes [start, end) of a file in chunks.

        Raises:
            FileNotFoundError: if the file is gone.
        """
        size = self.size(path)
        end = size if end is None else min(end, size)
        while start < end:
            stop = min(start + self._chunk, end)
            with self._reached():
                chunk = self._files.cat_file(f"{self._root}/{path}", start=start, end=stop)
            yield cast(bytes, chunk)
            start = stop

    def delete_asset(self, sha256: str) -> None:
        """Remove a picture, and what was left of it where a writer was killed."""
        self._remove_named(f"{self._root}/{asset_path(sha256)}".rpartition("/")[0], sha256)

    def delete_file(self, path: str) -> None:
        """Remove one file; none is no error."""
        with suppress(FileNotFoundError), self._reached():
            self._files.rm_file(f"{self._root}/{path}")

    def delete_attempt(self, job_id: JobId, fence: int) -> None:
        """Remove what one attempt wrote."""
        self._remove(job_id, f"{job_id}.{fence}.")

    def delete(self, job_id: JobId) -> None:
        """Remove all files of a job; none is no error."""
        self._remove(job_id, f"{job_id}.")
        # the folder that a job had before there were shards
        with suppress(FileNotFoundError, NotADirectoryError), self._reached():
            self._files.rm(f"{self._root}/{job_id}", recursive=True)

    def _remove(self, job_id: JobId, prefix: str) -> None:
        self._remove_named(f"{self._root}/{_shard(job_id)}", prefix)

    def _remove_named(self, folder: str, prefix: str) -> None:
        try:
            paths = self._named(folder, prefix)
        except (FileNotFoundError, NotADirectoryError):
            return
        for path in paths:
            with suppress(FileNotFoundError), self._reached():  # another removes it too
                self._files.rm_file(path)

    def _named(self, folder: str, prefix: str) -> list[str]:
        """Return the paths in a folder whose names begin so."""
        with self._reached():
            if self._lists_by_prefix:  # a shard may hold many thousands
                return cast(list[str], self._files.find(folder, prefix=prefix))
            found = self._files.ls(folder, detail=False)
        return [path for path in found if path.rpartition("/")[2].startswith(prefix)]

    def _put(self, path: str, data: bytes) -> None:
        with self._reached():
            self._files.pipe_file(path, data)

    @contextmanager
    def _reached(self) -> Iterator[None]:
        try:
            yield
        except self._away as error:
            raise OSError(f"the store of files is away: {error}") from error


def _errors_of(files: Any) -> tuple[type[Exception], ...]:
    """Return what the library of a protocol raises of its own when the store is away."""
    if "s3" not in files.protocol:
        return ()
    from aiohttp import ClientError  # here, since both come with s3fs alone
    from botocore.exceptions import BotoCoreError

    return BotoCoreError, ClientError


def asset_path(sha256: str) -> str:
    """Return where the picture with this digest lies: named by its content, stored once."""
    return f"assets/{sha256[:2]}/{sha256}"


def _shard(job_id: JobId) -> str:
    return job_id[-2:]


def _opened(path: str) -> BinaryIO:
    """Open a file to write; its folder is made where it is missing."""
    try:
        return open(path, "wb")  # noqa: PTH123  hot path
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        return open(path, "wb")  # noqa: PTH123


@contextmanager
def _made(path: str) -> Iterator[BinaryIO]:
    """Open a file to write; a write that fails leaves nothing, since a full disk needs its room."""
    try:
        with _opened(path) as file:
            yield file
    except OSError:
        with suppress(OSError):
            os.unlink(path)  # noqa: PTH108
        raise


def _write_synced(path: str, part: str, data: bytes) -> None:
    """Write a file whose name, once there, stands for a content that no power cut can take."""
    with _made(part) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)  # noqa: PTH105


def _sync_folder(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_durably(path: str, data: bytes) -> None:
    part = f"{path}.part"
    with _made(part) as file:
        file.write(data)
        file.flush()
        os.replace(part, path)  # noqa: PTH105
        # After the renaming: a sync brings to the disk what was done to the file before it; on
        # ext4, XFS and Btrfs that is its new name too. The other order would need a second sync,
        # of the folder. Whoever looks before has the whole file, from memory; a power cut before
        # it may leave a torn one, which no record names.
        os.fsync(file.fileno())
