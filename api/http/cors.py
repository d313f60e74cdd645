"""Pages of other origins that may call us (CORS, https://fetch.spec.whatwg.org/#http-cors-protocol).

None, unless the service lists them by name. Credentials are never allowed: there are no cookies
here, and a key is a field that the page sets itself.
"""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.responses import Response

MAX_AGE_SECONDS = 600
METHODS = ("GET", "HEAD", "POST", "DELETE")
TAKEN = (
    *("Authorization", "Content-Type", "Prefer", "Idempotency-Key", "Cache-Control", "Accept"),
    *("If-None-Match", "If-Range", "Range", "Last-Event-ID", "X-Request-Id", "Traceparent"),
)
"""Fields that a page may send."""

EXPOSED = (
    *("Location", "Retry-After", "RateLimit", "RateLimit-Policy", "ETag", "X-Request-Id"),
    *("Idempotency-Replayed", "Preference-Applied", "WWW-Authenticate", "Allow", "Accept-Ranges"),
    *("Content-Range", "Content-Disposition", "Content-Location"),
)
"""Fields that a page may read, besides those that every page may."""

Fields = list[tuple[bytes, bytes]]

_VARY = (b"vary", b"origin")


def parse_origin(text: str) -> str:
    """Return an origin as browsers send it.

    Raises:
        ValueError: if it is none; `*` is none either.
    """
    origin = text.lower()
    parts = urlsplit(origin)
    is_whole = parts.scheme in ("http", "https") and f"{parts.scheme}://{parts.netloc}" == origin
    if not is_whole or not parts.hostname or "@" in parts.netloc or "*" in origin:
        raise ValueError(
            f"{text!r} is no origin; say scheme, host and port alone, as in https://art.example"
        )
    return origin


class Cors:
    """What is said to pages of other origins."""

    def __init__(self, origins: Sequence[str]) -> None:
        """`origins` are those listed; without any, nothing is said to anybody."""
        self._origins = frozenset(origin.encode() for origin in origins)
        exposed = (b"access-control-expose-headers", ", ".join(EXPOSED).encode())
        self._answers = {
            origin: [(b"access-control-allow-origin", origin), exposed, _VARY]
            for origin in self._origins
        }
        self._to_others = [_VARY] if origins else []

    def lists(self, origin: bytes | None) -> bool:
        """Whether pages of this origin may call."""
        return origin in self._origins

    def fields(self, origin: bytes | None) -> Fields:
        """Return what an answer to a request of this origin carries; None = it named none."""
        return self._answers.get(origin, self._to_others) if origin else self._to_others

    def is_preflight(self, method: str, origin: bytes | None, fields: Fields) -> bool:
        """Whether a listed origin asks what it may send."""
        return (
            method == "OPTIONS"
            and self.lists(origin)
            and any(name == b"access-control-request-method" for name, _ in fields)
        )


def preflight_answer() -> Response:
    """Return what a page may send."""
    headers = {
        "access-control-allow-methods": ", ".join(METHODS),
        "access-control-allow-headers": ", ".join(TAKEN),
        "access-control-max-age": str(MAX_AGE_SECONDS),
    }
    return Response(status_code=204, headers=headers)
