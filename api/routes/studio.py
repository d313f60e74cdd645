"""The studio: the page at `/`, with its modules, styles, fonts and icon from `api/studio`.

All files are read once, when the first is asked for. Those that the page loads lie below a digest
of them all: browsers keep them for good, and a page never meets a module of another version. The
page itself is asked for each time, and answered with 304 if it is the one at hand.
"""

import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.http.errors import ProblemError
from api.http.headers import fields_of, is_known

FOLDER = Path(__file__).parent.parent / "studio"
PAGE = "index.html"

# The page loads nothing from elsewhere, has no inline code and writes no markup as text.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
_PAGE_HEADERS = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "cache-control": "no-cache",
}
_ASSET_HEADERS = {"cache-control": "public, max-age=31536000, immutable"}
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
_PRESSED = frozenset({".html", ".js", ".css", ".txt", ".svg"})
_MODULES_MARK = "<!-- modules -->"

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is sent; `pressed` is its gzip form, None where that gains nothing."""

    data: bytes
    pressed: bytes | None
    media_type: str
    etag: str


@dataclass(frozen=True, slots=True)
class Studio:
    """All files of the page, by their path below `/studio/{digest}/`."""

    digest: str
    page: Asset
    assets: dict[str, Asset]


@router.get("/")
async def page(request: Request) -> Response:
    """Return the page."""
    return _answer(request, studio().page, _PAGE_HEADERS)


@router.get("/studio/{digest}/{name:path}")
async def asset(request: Request, digest: str, name: str) -> Response:
    """Return a file that the page of this digest loads."""
    found = studio()
    if digest != found.digest or name not in found.assets:
        raise ProblemError("not_found", "The studio has no such file; load / anew")
    return _answer(request, found.assets[name], _ASSET_HEADERS)


@cache
def studio() -> Studio:
    """Return the files, read from `FOLDER`."""
    files = {
        path.relative_to(FOLDER).as_posix(): path.read_bytes()
        for path in sorted(FOLDER.rglob("*"))
        if path.suffix in _TYPES
    }
    whole = sha256(b"".join(name.encode() + b"\0" + data for name, data in files.items()))
    digest = whole.hexdigest()[:16]
    markup = files.pop(PAGE).decode()
    return Studio(
        digest=digest,
        page=_asset(PAGE, _addressed(markup, digest, files).encode()),
        assets={name: _asset(name, data) for name, data in files.items()},
    )


def _addressed(markup: str, digest: str, files: dict[str, bytes]) -> str:
    """Put the digest into the page's addresses, and name its modules so that all load at once."""
    modules = [
        f'<link rel="modulepreload" href="/studio/{name}">'
        for name in files
        if name.endswith(".js") and f'src="/studio/{name}"' not in markup
    ]
    markup = markup.replace(_MODULES_MARK, "\n".join(modules))
    return markup.replace('"/studio/', f'"/studio/{digest}/')


def _asset(name: str, data: bytes) -> Asset:
    suffix = Path(name).suffix
    pressed = gzip.compress(data, mtime=0) if suffix in _PRESSED else None
    return Asset(data, pressed, _TYPES[suffix], f'"{sha256(data).hexdigest()[:32]}"')


def _answer(request: Request, asset: Asset, kept: dict[str, str]) -> Response:
    fields = fields_of(request.scope)
    headers = {**kept, "etag": asset.etag}
    body = asset.data
    if asset.pressed is not None:
        headers["vary"] = "accept-encoding"
        if _takes_gzip(fields):
            headers["etag"] = f"W/{asset.etag}"  # the same page in other bytes
            headers["content-encoding"] = "gzip"
            body = asset.pressed
    if is_known(fields, asset.etag):
        return Response(status_code=304, headers=headers)
    headers["content-type"] = asset.media_type
    return Response(body, 200, headers)


def _takes_gzip(fields: dict[bytes, bytes]) -> bool:
    for coding in fields.get(b"accept-encoding", b"").decode("latin-1").split(","):
        name, _, quality = coding.partition(";")
        if name.strip().lower() in ("gzip", "*"):
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
