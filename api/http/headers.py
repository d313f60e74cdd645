"""Reading of the request headers that mean something here.

1. `Prefer`: RFC 7240. 2. Entity tags and ranges: RFC 9110, sections 8.8.3, 13 and 14.
3. `Idempotency-Key`: draft-ietf-httpapi-idempotency-key-header-07; a quoted string, or bare.
"""

from typing import NamedTuple

from starlette.types import Scope

from api.http.errors import ProblemError

MAX_KEY_CHARACTERS = 255
KEY_PATTERN = "^[!-~]([ -~]{0,253}[!-~])?$"


def fields_of(scope: Scope) -> dict[bytes, bytes]:
    """Return the header fields by lower-case name; of a repeated one, the last."""
    return dict(scope["headers"])


class Preferences(NamedTuple):
    """How a caller would like its answer: after so many seconds at most, None = it didn't say.

    `respond_async` says that it may come before the job has ended.
    """

    wait: int | None = None
    respond_async: bool = False

    def applied(self, *, is_async: bool) -> dict[str, str]:
        """Return what of it was heeded; `is_async` if the answer came before the job's end."""
        heeded = ["respond-async"] if self.respond_async and is_async else []
        heeded += [] if self.wait is None else [f"wait={self.wait}"]
        return {"preference-applied": ", ".join(heeded)} if heeded else {}


_NONE = Preferences()


def preferences(scope: Scope, max_wait: int) -> Preferences:
    """Return what `Prefer` says of it, the wait as it is granted.

    A preference that can't be read is ignored, and of one that comes twice the first is taken, as
    RFC 7240 wants. Where no wait is granted at all, none is heeded.
    """
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name == b"prefer":
            for preference in value.decode("latin-1").split(","):
                token, _, number = preference.partition(";")[0].partition("=")
                found.setdefault(token.strip().lower(), number.strip().strip('"'))
    if not found:
        return _NONE
    number = found.get("wait", "")
    is_number = number.isascii() and number.isdigit() and max_wait > 0
    wait = min(int(number[:9]), max_wait) if is_number else None
    return Preferences(wait, "respond-async" in found)


def idempotency_key(fields: dict[bytes, bytes]) -> str:
    """Return the `Idempotency-Key`, "" if there is none.

    Raises:
        ProblemError: `invalid_header` if it is empty, too long or not printable ASCII.
    """
    raw = fields.get(b"idempotency-key")
    if raw is None:
        return ""
    key = raw.decode("latin-1").strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    return checked_key(key)


def checked_key(key: str) -> str:
    """Return an idempotency key.

    Raises:
        ProblemError: `invalid_header` if it is empty, too long or not printable ASCII.
    """
    if not 0 < len(key) <= MAX_KEY_CHARACTERS or not (key.isascii() and key.isprintable()):
        detail = f"Idempotency-Key must have 1 to {MAX_KEY_CHARACTERS} printable ASCII characters"
        complaint = {"header": "Idempotency-Key", "detail": detail}
        raise ProblemError("invalid_header", detail, errors=[complaint])
    return key


def cache_directives(scope: Scope) -> frozenset[str]:
    """Return the names of the directives of `Cache-Control` (RFC 9111), those with values too."""
    return frozenset(
        directive.partition("=")[0].strip().lower()
        for name, value in scope["headers"]
        if name == b"cache-control"
        for directive in value.decode("latin-1").split(",")
    )


def is_known(fields: dict[bytes, bytes], etag: str) -> bool:
    """Say whether `If-None-Match` lists this entity tag; weakness doesn't matter there."""
    raw = fields.get(b"if-none-match")
    if raw is None:
        return False
    listed = [tag.strip().removeprefix("W/") for tag in raw.decode("latin-1").split(",")]
    return etag in listed or "*" in listed


class ByteRange(NamedTuple):
    """The bytes [start, end)."""

    start: int
    end: int


def byte_range(fields: dict[bytes, bytes], size: int, etag: str) -> ByteRange | None:
    """Return the part that is asked for, or None if the whole is.

    Several ranges, other units and what can't be read are answered with the whole, as RFC 9110
    allows; so is a range of another version (`If-Range`).

    Raises:
        ProblemError: `range_not_satisfiable` if the range begins behind the end.
    """
    unit, _, spec = fields.get(b"range", b"").decode("latin-1").partition("=")
    first, dash, last = (part.strip() for part in spec.partition("-"))
    if unit.strip().lower() != "bytes" or not dash or not _is_number(first + last):
        return None
    if fields.get(b"if-range", etag.encode()) != etag.encode():
        return None
    if not first:
        start, end = max(size - int(last), 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < int(first):
            return None
    if start >= size or start >= end:
        raise ProblemError(
            "range_not_satisfiable",
            f"The file has {size} bytes",
            headers={"content-range": f"bytes */{size}"},
        )
    return ByteRange(start, end)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 36
