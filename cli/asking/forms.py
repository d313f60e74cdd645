"""`multipart/form-data` (RFC 7578) as it is sent: texts and files, read piece by piece."""

import secrets
from collections.abc import Iterator
from pathlib import Path

from cli.terminal.fields import Given

_PIECE_BYTES = 256 * 1024


class Form:
    """A form of what was given for the fields of a request."""

    def __init__(self, given: Given) -> None:
        self._boundary = secrets.token_hex(16)
        self._parts = [(name, part) for name, parts in given.items() for part in parts]

    @property
    def headers(self) -> dict[str, str]:
        """What a request with it has to say; the length is known before."""
        heads = sum(len(self._head(name, part)) + 2 for name, part in self._parts)
        bodies = sum(_size(part) for _, part in self._parts)
        return {
            "Content-Type": f"multipart/form-data; boundary={self._boundary}",
            "Content-Length": str(heads + bodies + len(self._end)),
        }

    def __iter__(self) -> Iterator[bytes]:
        for name, part in self._parts:
            yield self._head(name, part)
            if isinstance(part, Path):
                with part.open("rb") as file:
                    while piece := file.read(_PIECE_BYTES):
                        yield piece
            else:
                yield part.encode()
            yield b"\r\n"
        yield self._end

    def _head(self, name: str, part: str | Path) -> bytes:
        # the file's own name is nobody's business
        file = '; filename="picture"' if isinstance(part, Path) else ""
        head = f'--{self._boundary}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        return head.encode()

    @property
    def _end(self) -> bytes:
        return f"--{self._boundary}--\r\n".encode()


def _size(part: str | Path) -> int:
    return part.stat().st_size if isinstance(part, Path) else len(part.encode())
