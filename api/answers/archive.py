"""All outputs of a job as one ZIP, written while it is being sent.

Nothing is deflated: pictures are compressed already, and so the length is known before the first
byte is read. The same outputs give the same bytes.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from genart_core.jobs.blobs import BlobStore
from genart_core.jobs.record import StoredOutput

_FORM = b"zip 1"  # of the archive; another one would be another file
# PKWARE's APPNOTE: local header, descriptor and central header of a file, end of the archive.
_PER_FILE, _END = 30 + 16 + 46, 22
_LARGEST = 2**30  # beyond it the wider form may be needed, whose length is told by its end
_UNIX, _READABLE = 3, 0o644 << 16


@dataclass(frozen=True, slots=True)
class Archive:
    """Outputs by the names that they have in it; `finished_at` is in milliseconds since 1970."""

    outputs: dict[str, StoredOutput]
    finished_at: int

    @property
    def tag(self) -> str:
        """The archive's strong entity tag."""
        digest = hashlib.sha256(_FORM)
        for name, output in self.outputs.items():
            digest.update(f"\n{name} {output.sha256}".encode())
        return f'"{digest.hexdigest()}"'

    @property
    def length(self) -> int | None:
        """Its bytes, None if they can't be told yet."""
        names = sum(len(name) for name in self.outputs)
        data = sum(output.bytes for output in self.outputs.values())
        if data > _LARGEST:
            return None
        return _PER_FILE * len(self.outputs) + 2 * names + data + _END

    def read(self, blobs: BlobStore) -> Iterator[bytes]:
        """Yield its bytes in pieces.

        Raises:
            FileNotFoundError: if an output is gone.
        """
        sink = _Sink()
        moment = datetime.fromtimestamp(self.finished_at / 1000, UTC).timetuple()[:6]
        with ZipFile(sink, "w", ZIP_STORED) as archive:
            for name, output in self.outputs.items():
                info = ZipInfo(name, moment)
                info.create_system, info.external_attr = _UNIX, _READABLE
                info.file_size = output.bytes
                with archive.open(info, "w") as file:
                    for chunk in blobs.read(output.path):
                        file.write(chunk)
                        yield sink.take()
        yield sink.take()


class _Sink:
    """Takes what is written; it has no `tell`, so nobody goes back."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes, /) -> int:
        self._written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def take(self) -> bytes:
        """Return what came since the last time."""
        data = b"".join(self._written)
        self._written.clear()
        return data


def is_whole(outputs: Sequence[StoredOutput], blobs: BlobStore) -> bool:
    """Whether every file is there."""
    return all(blobs.has(output.path) for output in outputs)
