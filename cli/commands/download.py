"""Fetching a large file: in pieces, over broken lines, to be continued another day."""

import hashlib
import http.client
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from cli.errors import CommandError

# Told after each piece: bytes that are here, and bytes of the whole if the server says.
Told: TypeAlias = Callable[[int, int | None], None]

PIECE_BYTES = 1024 * 1024
TIMEOUT_SECONDS = 30.0
ATTEMPTS = 5  # in a row, each without a byte more
FIRST_PAUSE_SECONDS = 0.25
LOOPBACK = ("127.0.0.1", "::1", "localhost")
BUSY = (408, 425, 429, 500, 502, 503, 504)


def download(url: str, part: Path, told: Told) -> None:
    """Fetch `url` into `part`, going on after the bytes that it already holds.

    Raises:
        CommandError: if the server has no such file, or the line stays broken; what has come by
            then stays in `part`.
    """
    _require_safe(url)
    part.parent.mkdir(parents=True, exist_ok=True)
    failures = 0
    while True:
        before = _size(part)
        try:
            _fetch(url, part, told)
            return
        except HTTPError as error:
            error.close()  # it holds the connection
            if error.code not in BUSY:
                raise CommandError(
                    f"{url} can't be fetched: {error.code} {error.reason}"
                ) from error
            reason = f"{error.code} {error.reason}"
        except (OSError, http.client.HTTPException) as error:
            reason = str(error) or type(error).__name__
        failures = failures + 1 if _size(part) == before else 1
        if failures == ATTEMPTS:
            raise CommandError(
                f"{url} can't be fetched: {reason}. {_size(part) / 1e6:.0f} MB are here; "
                "the same command goes on from there"
            )
        time.sleep(FIRST_PAUSE_SECONDS * 2 ** (failures - 1))


def sha256_of(path: Path) -> str:
    """Return a file's digest."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(url: str, part: Path, told: Told) -> None:
    """Fetch what is missing, in one request."""
    have = _size(part)
    headers = {"User-Agent": "genart", "Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        answer = urlopen(Request(url, headers=headers), timeout=TIMEOUT_SECONDS)  # noqa: S310  # scheme checked
    except HTTPError as error:
        if error.code == 416:  # nothing is missing, or the server's file is shorter
            return
        raise
    with answer:
        _require_safe(answer.geturl())  # redirects are followed
        continued = answer.status == 206 and _starts_at(answer) == have
        have = have if continued else 0
        length = answer.headers.get("Content-Length")
        whole = have + int(length) if length else None
        with part.open("ab" if continued else "wb") as file:
            told(have, whole)
            while piece := answer.read1(PIECE_BYTES):
                file.write(piece)
                have += len(piece)
                told(have, whole)
    if whole is not None and have < whole:
        raise ConnectionError(f"the line broke after {have:,} of {whole:,} bytes")


def _starts_at(answer: http.client.HTTPResponse) -> int | None:
    start = (answer.headers.get("Content-Range") or "").removeprefix("bytes ").partition("-")[0]
    return int(start) if start.isdigit() else None


def _require_safe(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise CommandError(f"{url} is not https, so that anybody on the way could change it")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
