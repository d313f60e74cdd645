"""Requests with pictures, as they come: a form, or JSON with references.

The pictures that come along are hashed and looked at here, header only, and nothing is stored yet:
the draft's request names them as the assets that they will be (`api.submitting.inputs`).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile

from starlette.requests import Request

from api.dependencies import Gateway
from api.http.errors import ProblemError
from api.incoming.bodies import parse, require_json
from api.incoming.forms import FormReader, is_form, max_pictures
from api.incoming.uploads import Upload, decode_data_uri, is_data_uri, wrong_picture
from api.settings import ApiSettings
from genart_core.catalogue import Kind
from genart_core.errors import InvalidImageError
from genart_core.jobs.assets import AssetFacts
from genart_core.request import ArtRequest, references, with_images
from genart_core.words import counted

_JSON_PICTURES = 2  # JSON is parsed in memory, so it may carry no more than these as data URIs


@dataclass
class Draft:
    """A request that names assets and outputs of jobs, and the pictures that came with it.

    `facts` are those of the uploads, by sha256.
    """

    request: ArtRequest
    uploads: list[Upload]
    facts: dict[str, AssetFacts]

    def close(self) -> None:
        """Remove what came with it."""
        _close(self.uploads)


async def read_draft(
    gateway: Gateway, request: Request, fields: dict[bytes, bytes], kind: Kind
) -> Draft:
    """Read a body, in either form.

    Raises:
        ProblemError: if it is too large, can't be read, or a picture in it is none.
    """
    if is_form(fields):
        return await _read_form(gateway, request, fields, kind)
    require_json(request, fields, kind)
    return await _read_json(gateway, request, fields, kind)


async def draft_of(gateway: Gateway, kind: Kind, request: ArtRequest) -> Draft:
    """Return the draft of a request that was read elsewhere.

    Raises:
        ProblemError: if a picture in it is none.
    """
    return await gateway.intake.run(_draft, kind, request, [], gateway.settings)


def pointer_to(name: str, place: int | None) -> str:
    """Return where in the body a picture is named (RFC 6901)."""
    return f"/{name}" if place is None else f"/{name}/{place}"


def look_at(data: bytes, pointer: str, max_pixels: int) -> AssetFacts:
    """Return what a picture's header says.

    Raises:
        ProblemError: `invalid_image`, naming the field.
    """
    # here, so that a gateway that is sent no pictures doesn't carry Pillow
    from genart_core.pictures import inspect

    try:
        found = inspect(data, max_pixels=max_pixels)
    except InvalidImageError as error:
        raise wrong_picture("invalid_image", pointer, str(error)) from None
    return AssetFacts(found.media_type, found.bytes, found.width, found.height)


async def _read_form(
    gateway: Gateway, request: Request, fields: dict[bytes, bytes], kind: Kind
) -> Draft:
    settings = gateway.settings
    pictures = sum(max_pictures(kind.request).values())
    reader = FormReader(
        kind.request,
        fields[b"content-type"],
        max_image_bytes=settings.max_image_bytes,
        max_text_bytes=settings.max_body_bytes,
    )
    try:
        limit = settings.max_body_bytes + pictures * settings.max_image_bytes
        await gateway.intake.read(request, fields, limit, reader.write)
        return await gateway.intake.run(_draft_of_form, reader, kind, settings)
    except BaseException:
        reader.close()
        raise


def _draft_of_form(reader: FormReader, kind: Kind, settings: ApiSettings) -> Draft:
    request = parse(kind.request, reader.json())
    return _draft(kind, request, reader.uploads, settings)


async def _read_json(
    gateway: Gateway, request: Request, fields: dict[bytes, bytes], kind: Kind
) -> Draft:
    settings = gateway.settings
    pictures = min(sum(max_pictures(kind.request).values()), _JSON_PICTURES)
    limit = settings.max_body_bytes + pictures * math.ceil(settings.max_image_bytes * 4 / 3)
    with SpooledTemporaryFile(max_size=settings.max_body_bytes) as body:
        await gateway.intake.read(request, fields, limit, body.write)
        if body.tell() <= settings.max_body_bytes:
            return await gateway.intake.run(_draft_of_json, body, kind, settings)
        async with gateway.intake.one_at_a_time:
            return await gateway.intake.run(_draft_of_json, body, kind, settings)


def _draft_of_json(body: "SpooledTemporaryFile[bytes]", kind: Kind, settings: ApiSettings) -> Draft:
    body.seek(0)
    return _draft(kind, parse(kind.request, body.read()), [], settings)


def _draft(kind: Kind, request: ArtRequest, uploads: list[Upload], settings: ApiSettings) -> Draft:
    """Take data URIs out of a request, and look at all that came with it."""
    _require_few(kind, request)
    uploads = list(uploads)
    renamed: dict[str, str] = {}
    try:
        for name, place, reference in references(request):
            if reference not in renamed and is_data_uri(reference):
                pointer = pointer_to(name, place)
                uploads.append(decode_data_uri(reference, pointer, settings.max_image_bytes))
                renamed[reference] = uploads[-1].reference
            renamed.setdefault(reference, reference)
        facts = {
            upload.sha256: look_at(upload.read(), upload.pointer, settings.max_pixels)
            for upload in uploads
        }
    except ProblemError:
        _close(uploads)
        raise
    return Draft(with_images(request, renamed), uploads, facts)


def _require_few(kind: Kind, request: ArtRequest) -> None:
    """Check that no field names more pictures than it takes, where its type doesn't say."""
    most = max_pictures(kind.request)
    for name, place, _ in references(request):
        if place is not None and place >= most[name]:
            detail = f"Takes at most {counted(most[name], 'picture')}"
            complaint = {"pointer": f"/{name}", "detail": detail}
            raise ProblemError("invalid_request", f"{name}: {detail}", errors=[complaint])


def _close(uploads: Iterable[Upload]) -> None:
    for upload in uploads:
        upload.close()
