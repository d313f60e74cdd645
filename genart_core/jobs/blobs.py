"""Files of jobs, over fsspec: `{shard}/{job}.{fence}.{n}`.

Each attempt writes under its own fence number, so a stale worker can't overwrite what another
committed; a file is visible to callers only once the record names it.

A folder for each job and attempt would be the plain way, but an artwork is one small file as a
rule: to make and remove two folders for it costs more than the file, and each is one more name to
sync. A shard is the id's last two characters, which are random; its 1024 folders are made once and
stay. What was stored as `{job}/{fence}/{n}`, before, is still read (records name the path) and
removed.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from genart_core.jobs.record import JobId

_CHUNK = 256 * 1024


class BlobStore:
    """Outputs under one URL: `file:///path` or `s3://bucket/prefix`."""

    def __init__(self, url: str) -> None:
        """Open the store; the folder is made when the first file is written."""
        self._files, self._root = fsspec.url_to_fs(url)
        self._is_local = isinstance(self._files, LocalFileSystem)

    def write(self, job_id: JobId, fence: int, number: int, data: bytes) -> str:
        """Store a file durably and return its path; a reader sees all of it or nothing."""
        path = f"{_shard(job_id)}/{job_id}.{fence}.{number}"
        whole = f"{self._root}/{path}"
        if self._is_local:
            _write_durably(whole, data)
        else:
            self._files.pipe_file(whole, data)
        return path

    def local_path(self, path: str) -> str | None:
        """Return the file's path on this machine, or None if it lies elsewhere."""
        return f"{self._root}/{path}" if self._is_local else None

    def read(self, path: str, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes [start, end) of a file in chunks.

        Raises:
            FileNotFoundError: if the file is gone.
        """
        size = cast(int, self._files.size(f"{self._root}/{path}"))
        end = size if end is None else min(end, size)
        while start < end:
            stop = min(start + _CHUNK, end)
            yield cast(bytes, self._files.cat_file(f"{self._root}/{path}", start=start, end=stop))
            start = stop

    def delete_attempt(self, job_id: JobId, fence: int) -> None:
        """Remove what one attempt wrote."""
        self._remove(job_id, f"{job_id}.{fence}.")

    def delete(self, job_id: JobId) -> None:
        """Remove all files of a job; none is no error."""
        self._remove(job_id, f"{job_id}.")
        filesystem: Any = self._files
        # the folder that a job had before there were shards
        with suppress(FileNotFoundError, NotADirectoryError):
            filesystem.rm(f"{self._root}/{job_id}", recursive=True)

    def _remove(self, job_id: JobId, prefix: str) -> None:
        filesystem: Any = self._files
        folder = f"{self._root}/{_shard(job_id)}"
        filesystem.invalidate_cache(folder)  # others write there
        try:
            paths = filesystem.ls(folder, detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return
        for path in paths:
            if path.rpartition("/")[2].startswith(prefix):
                with suppress(FileNotFoundError):  # another removes it too
                    filesystem.rm_file(path)


def asset_path(sha256: str) -> str:
    """Return where the picture with this digest lies: named by its content, stored once."""
    return f"assets/{sha256[:2]}/{sha256}"


def _shard(job_id: JobId) -> str:
    return job_id[-2:]


def _write_durably(path: str, data: bytes) -> None:
    part = f"{path}.part"
    try:
        file = open(part, "wb")  # noqa: PTH123, SIM115  hot path
    except FileNotFoundError:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        file = open(part, "wb")  # noqa: PTH123, SIM115
    with file:
        file.write(data)
        file.flush()
        os.replace(part, path)  # noqa: PTH105
        # After the renaming: a sync brings to the disk what was done to the file before it; on
        # ext4, XFS and Btrfs that is its new name too. The other order would need a second sync,
        # of the folder. Whoever looks before has the whole file, from memory; a power cut before
        # it may leave a torn one, which no record names.
        os.fsync(file.fileno())
