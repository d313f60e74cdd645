"""Reading a request's body into the kind's request class.

The bytes go to pydantic's own JSON reader: strict about types, numbers and UTF-8, without a detour
through Python objects.
"""

import json
import shlex
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json
from starlette.requests import ClientDisconnect, Request

from api.http.errors import ProblemError
from api.http.validation import MAX_COMPLAINTS, complaints_of, summary
from genart_core.catalogue import Kind
from genart_core.request import MAX_SEED, example_of, image_fields

Body = TypeVar("Body", bound=BaseModel)

_JSON_TYPES = frozenset(
    {b"application/json", b"application/json; charset=utf-8", b"application/json;charset=utf-8"}
)
_MAX_ERRORS = 200  # beyond it, listing them would cost more memory than the body


def require_json(request: Request, fields: dict[bytes, bytes], kind: Kind) -> None:
    """Check that the body is said to be JSON.

    Forms and plain text stay refused, though they could be read: browsers send those across sites
    without asking.

    Raises:
        ProblemError: `unsupported_media_type`, with the right way to call.
    """
    pictures = image_fields(kind.request)
    require_json_at(
        request, fields, f"/v1/{kind.name}", lambda: example_of(kind.request), tuple(pictures)
    )


def require_json_at(
    request: Request,
    fields: dict[bytes, bytes],
    path: str,
    example: Callable[[], dict[str, Any]],
    pictures: tuple[str, ...] = (),
) -> None:
    """Check that the body is said to be JSON, at an address with such an example.

    `pictures` are fields that could also come as files of a form.

    Raises:
        ProblemError: `unsupported_media_type`, with the right way to call.
    """
    came = _wrong_type(fields)
    if came is None:
        return
    url = f"{request.scope['scheme']}://{_shown(fields.get(b'host', b''))}{path}"
    line = f"curl --json {shlex.quote(json.dumps(example()))} {url}"
    detail = f"Came with {came}; this address takes plain JSON in UTF-8, as in: {line}"
    accepted = "application/json"
    if pictures:
        accepted += ", multipart/form-data"
        parts = " ".join(f"-F {name}=@photo.jpg" for name in pictures)
        detail += f" ; or a form with files, as in: curl {parts} {url}"
    raise ProblemError("unsupported_media_type", detail, headers={"accept": accepted})


def is_json(fields: dict[bytes, bytes]) -> bool:
    """Whether the body is said to be plain JSON in UTF-8."""
    return _wrong_type(fields) is None


def _wrong_type(fields: dict[bytes, bytes]) -> str | None:
    """Return as what a body came that is not said to be JSON."""
    content_type = fields.get(b"content-type", b"").strip().lower()
    if content_type in _JSON_TYPES and b"content-encoding" not in fields:
        return None
    media_type, _, parameters = content_type.partition(b";")
    charset = parameters.partition(b"charset=")[2].strip(b' "')
    if b"content-encoding" in fields:
        return f"Content-Encoding: {_shown(fields[b'content-encoding'])}"
    if media_type.strip() != b"application/json":
        return f"Content-Type: {_shown(content_type)}" if content_type else "no Content-Type"
    return None if charset in (b"", b"utf-8", b"utf8") else f"charset {_shown(charset)}"


async def read_body(request: Request, fields: dict[bytes, bytes], limit: int) -> bytes:
    """Return the body.

    Raises:
        ProblemError: `body_too_large` as soon as that is clear; `api.http.linger` sees to the rest.
        ClientDisconnect: if the caller hangs up before its end.
    """
    declared_within(fields, limit)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise too_large(limit)
        if not message.get("more_body", False):
            return b"".join([*chunks, chunk]) if chunks else chunk
        chunks.append(chunk)


def parse(shape: type[Body], body: bytes) -> Body:
    """Return a body of JSON, validated.

    Raises:
        ProblemError: `invalid_json`, or `invalid_request` naming each field, what came and what is
            allowed.
    """
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        found = error
    if found.error_count() <= _MAX_ERRORS and _lacks_integers(found):
        try:
            return shape.model_validate_json(
                to_json(_whole(from_json(body)), inf_nan_mode="constants")
            )
        except ValidationError as error:
            found = error
    raise _problem(sorted(shape.model_fields), found) from None


def _lacks_integers(error: ValidationError) -> bool:
    return any(each["type"] == "int_type" for each in error.errors(include_url=False))


def _whole(value: Any) -> Any:
    """Return JSON whose whole numbers are integers: to JSON Schema `42.0` is one, as some write it.

    Those beyond what floats hold exactly stay as they are.
    """
    if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_SEED:
        return int(value)
    if isinstance(value, dict):
        return {name: _whole(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return value


def _problem(fields: list[str], error: ValidationError) -> ProblemError:
    count = error.error_count()
    if count > _MAX_ERRORS:
        detail = f"{count} things are wrong with the body; the fields are {', '.join(fields)}"
        return ProblemError("invalid_request", detail)
    errors = error.errors(include_url=False)
    if errors[0]["type"] == "json_invalid":
        return ProblemError("invalid_json", f"{errors[0]['msg']}; send an object, at least {{}}")
    complaints = complaints_of(errors, fields=fields)
    members = {"error_count": count} if count > MAX_COMPLAINTS else {}
    return ProblemError("invalid_request", summary(complaints), errors=complaints, members=members)


def declared_within(fields: dict[bytes, bytes], limit: int) -> None:
    """Check the length that a body is said to have.

    Raises:
        ProblemError: `body_too_large`.
    """
    declared = fields.get(b"content-length", b"0")
    if len(declared) > 18 or int(declared) > limit:
        raise too_large(limit)


def too_large(limit: int) -> ProblemError:
    """Return the problem of a body with more bytes than `limit`."""
    return ProblemError("body_too_large", f"At most {limit} bytes are taken")


def _shown(value: bytes) -> str:
    return value[:80].decode("latin-1")
