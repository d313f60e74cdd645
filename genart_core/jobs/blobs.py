"""Files of jobs, over fsspec: `{job}/{fence}/{n}`.

Each attempt writes under its own fence number, so a stale worker can't overwrite what another
committed; a file is visible to callers only once the record names it.
"""

import os
from collections.abc import Iterator
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
        path = f"{job_id}/{fence}/{number}"
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
        self._remove(f"{job_id}/{fence}")

    def delete(self, job_id: JobId) -> None:
        """Remove all files of a job; none is no error."""
        self._remove(job_id)

    def _remove(self, path: str) -> None:
        filesystem: Any = self._files
        try:
            filesystem.rm(f"{self._root}/{path}", recursive=True)
        except (FileNotFoundError, NotADirectoryError):
            return


def _write_durably(path: str, data: bytes) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120  hot path
    part = f"{path}.part"
    with open(part, "wb") as file:  # noqa: PTH123
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)  # noqa: PTH105
