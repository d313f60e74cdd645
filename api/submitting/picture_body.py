"""One picture as the body of a request: as it is, or as the file of a form."""

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request

from api.dependencies import Gateway
from api.http.errors import ProblemError
from api.incoming.bodies import declared_within, parse
from api.incoming.forms import FormReader, is_form
from api.incoming.uploads import Upload, image_too_large
from api.settings import ApiSettings
from api.submitting.drafts import look_at
from genart_core.jobs.assets import AssetFacts
from genart_core.request import ImageInput


class PictureForm(BaseModel):
    """A form that brings one picture."""

    model_config = ConfigDict(extra="forbid", strict=True)

    file: ImageInput


def is_picture(fields: dict[bytes, bytes]) -> bool:
    """Whether the body is said to be a picture; which sort, the picture itself tells."""
    media_type = fields.get(b"content-type", b"").strip().lower()
    return media_type.startswith(b"image/") and b"content-encoding" not in fields


async def read_picture(
    gateway: Gateway, request: Request, fields: dict[bytes, bytes], *, or_else: str = ""
) -> tuple[Upload, AssetFacts]:
    """Return the picture that a body is, to be closed, and what its header says.

    `or_else` says what else the address takes.

    Raises:
        ProblemError: if it is none, is too large, or came as something else.
    """
    if is_picture(fields):
        upload = await _read_raw(gateway, request, fields)
    elif is_form(fields):
        upload = await _read_form(gateway, request, fields)
    else:
        raise _unsupported(request, fields, or_else)
    try:
        facts = await gateway.intake.run(_look_at, upload, gateway.settings)
    except BaseException:
        upload.close()
        raise
    return upload, facts


async def _read_raw(gateway: Gateway, request: Request, fields: dict[bytes, bytes]) -> Upload:
    limit = gateway.settings.max_image_bytes
    upload = Upload("", limit)
    try:
        declared_within(fields, limit)
        await gateway.intake.read(request, fields, limit, upload.write)
    except ProblemError:
        upload.close()
        raise image_too_large("", limit) from None
    except BaseException:
        upload.close()
        raise
    return upload


async def _read_form(gateway: Gateway, request: Request, fields: dict[bytes, bytes]) -> Upload:
    settings = gateway.settings
    reader = FormReader(
        PictureForm,
        fields[b"content-type"],
        max_image_bytes=settings.max_image_bytes,
        max_text_bytes=settings.max_body_bytes,
    )
    try:
        limit = settings.max_body_bytes + settings.max_image_bytes
        await gateway.intake.read(request, fields, limit, reader.write)
        return await gateway.intake.run(_file_of, reader)
    except BaseException:
        reader.close()
        raise


def _file_of(reader: FormReader) -> Upload:
    parse(PictureForm, reader.json())
    if not reader.uploads:
        detail = "This must be a file"
        complaint = {"pointer": "/file", "detail": detail}
        raise ProblemError("invalid_request", f"file: {detail}", errors=[complaint])
    return reader.uploads[0]


def _look_at(upload: Upload, settings: ApiSettings) -> AssetFacts:
    return look_at(upload.read(), upload.pointer, settings.max_pixels)


def _unsupported(request: Request, fields: dict[bytes, bytes], or_else: str) -> ProblemError:
    came = fields.get(b"content-type", b"")[:80].decode("latin-1") or "no Content-Type"
    host = fields.get(b"host", b"")[:80].decode("latin-1")
    url = f"{request.scope['scheme']}://{host}{request.scope['path']}"
    detail = (
        f"Came with {came}; this address takes a picture as it is, as in: "
        f"curl -H 'Content-Type: image/png' --data-binary @photo.png {url} ; "
        f"or a form with a file, as in: curl -F file=@photo.png {url}{or_else}"
    )
    headers = {"accept": "image/*, multipart/form-data"}
    return ProblemError("unsupported_media_type", detail, headers=headers)
