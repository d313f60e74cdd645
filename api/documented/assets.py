"""Sending, reading and removing pictures."""

from typing import Any

from api.answers.schemas import AssetPageView, AssetView
from api.documented.outputs import OUTPUT_EXTRA, output_responses
from api.documented.parts import QUOTA_HEADERS, Responses, problems

_FILE = {
    "type": "string",
    "format": "binary",
    "contentMediaType": "image/*",
    "description": "PNG, JPEG, WebP, GIF, BMP or TIFF.",
}
_LOCATION = {"Location": {"description": "The picture's address.", "schema": {"type": "string"}}}
_CREATED = {**_LOCATION, **QUOTA_HEADERS}
FORM = {
    "title": "PictureForm",
    "description": "A picture as a file of a form.",
    "type": "object",
    "properties": {"file": _FILE},
    "required": ["file"],
    "additionalProperties": False,
}

CREATE_EXTRA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "image/*": {"schema": _FILE},
            "multipart/form-data": {
                "schema": {"$ref": "#/components/schemas/PictureForm"},
                "encoding": {"file": {"contentType": "image/*"}},
            },
        },
    }
}
GET_EXTRA = OUTPUT_EXTRA
_FILES: tuple[int | str, ...] = (200, 206, 304)


def create_responses() -> Responses:
    """Answers to sending a picture."""
    return {
        200: {"description": "You had it", "model": AssetView, "headers": _CREATED},
        201: {"description": "Stored", "model": AssetView, "headers": _CREATED},
        **problems(
            *("body_too_large", "image_too_large"),
            *("unsupported_media_type", "invalid_form", "invalid_image", "invalid_request"),
            *("files_unavailable", "draining", "store_unavailable"),
            *("rate_exceeded", "asset_bytes_exceeded"),
        ),
    }


def list_responses() -> Responses:
    """Answers to listing pictures."""
    ok = {"description": "A page of pictures", "model": AssetPageView}
    return {200: ok, **problems("invalid_parameter", "store_unavailable")}


def get_responses() -> Responses:
    """Answers to fetching a picture."""
    files = output_responses()
    return {
        **{status: files[status] for status in _FILES},
        **problems(
            *("no_such_asset", "range_not_satisfiable", "files_unavailable", "store_unavailable")
        ),
    }


def metadata_responses() -> Responses:
    """Answers to asking what a picture is."""
    ok = {"description": "What is known of it", "model": AssetView}
    return {200: ok, **problems("no_such_asset", "store_unavailable")}


def delete_responses() -> Responses:
    """Answers to removing a picture."""
    return {204: {"description": "It is gone"}, **problems("no_such_asset", "store_unavailable")}
