"""A gateway that takes pictures, with caps that small files reach."""

import base64
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from httpx2 import Client, Response
from PIL import Image

from genart_core.catalogue import kinds
from tests.support.gateway import RunningGateway, running_gateway

MAX_IMAGE_BYTES = 40_000
MAX_PIXELS = 10_000
MAX_TEXT_BYTES = 20_000
BOUNDARY = "----mark"


@contextmanager
def running_studio(redis_url: str, home: Path, **settings: Any) -> Iterator[RunningGateway]:
    """Run a gateway that knows the kinds of `tests.support.arts`."""
    chosen = {
        "max_image_bytes": MAX_IMAGE_BYTES,
        "max_pixels": MAX_PIXELS,
        "max_body_bytes": MAX_TEXT_BYTES,
        "heartbeat_seconds": 0.3,
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GENART_EXTRA_ARTS", "tests.support.arts")
        kinds.cache_clear()
        with running_gateway(redis_url, home, **chosen | settings) as gateway:
            patch.undo()
            kinds.cache_clear()
            yield gateway


def picture(width: int = 8, height: int = 4, shade: int = 0) -> bytes:
    """Return a PNG."""
    file = io.BytesIO()
    Image.new("L", (width, height), shade).save(file, "PNG")
    return file.getvalue()


def padded(size: int, fill: str = "\0") -> bytes:
    """Return a PNG of so many bytes; what stands behind its end is ignored."""
    data = picture()
    return data + fill.encode() * (size - len(data))


def reference(data: bytes) -> str:
    """Return what a stored picture is called."""
    return f"asset:{sha256(data).hexdigest()}"


def stored(gateway: RunningGateway, data: bytes) -> Path:
    """Return where the studio keeps a picture."""
    digest = reference(data).removeprefix("asset:")
    return gateway.settings.home / "blobs" / "assets" / digest[:2] / digest


def uri(data: bytes, media_type: str = "image/png") -> str:
    """Return the address that is the picture itself."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def part(name: str, data: bytes | str, *, file: str | None = None, headers: str = "") -> bytes:
    """Return one part of a form; with `file`, a name, it is a file."""
    data = data.encode() if isinstance(data, str) else data
    shown = "" if file is None else f'; filename="{file}"'
    head = f'Content-Disposition: form-data; name="{name}"{shown}\r\n{headers}\r\n'
    return f"--{BOUNDARY}\r\n{head}".encode() + data + b"\r\n"


def form(*parts: bytes, end: bytes = f"--{BOUNDARY}--\r\n".encode()) -> bytes:
    """Return a body of these parts."""
    return b"".join(parts) + end


def post_form(
    http: Client,
    body: bytes,
    *,
    boundary: str = BOUNDARY,
    kind: str = "pictured",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Post a form as it stands."""
    marked = {"Content-Type": f"multipart/form-data; boundary={boundary}", **(headers or {})}
    return http.post(f"/v1/{kind}", content=body, headers=marked)
