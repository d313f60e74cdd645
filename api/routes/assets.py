"""Assets: pictures that a caller sends once and names in requests, as `asset:<sha256>`."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.answers.representation import timestamp
from api.dependencies import Gateway, client_of, draining, gateway_of
from api.documented import assets as documented
from api.following.files import StoredFile, file_response, suffix_of
from api.http.errors import NO_HEADERS, ProblemError
from api.http.headers import fields_of
from api.incoming.parameters import Sha256Path, cursor_query, wrong_parameter
from api.incoming.query import require_known
from api.submitting.assets import AtHand, keep
from api.submitting.picture_body import read_picture
from api.submitting.quota import asset_headers
from genart_core.jobs import assets
from genart_core.jobs.assets import Asset
from genart_core.jobs.blobs import asset_path

router = APIRouter(prefix="/v1/assets", tags=["Assets"])

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CURSOR = re.compile(r"[0-9]{13}[0-9a-f]{64}")
_HELD_SECONDS = 60  # so long a reader may trust a picture that has no end yet


@router.post(
    "",
    operation_id="create_asset",
    summary="Send a picture",
    status_code=201,
    responses=documented.create_responses(),
    openapi_extra=documented.CREATE_EXTRA,
)
async def create_asset(request: Request) -> Response:
    """Store a picture, to be named in requests as `asset:<sha256>`.

    The body is the picture itself or a form with it as `file`. One that you have sent before is
    answered with `200`; its time begins anew.
    """
    gateway, client = gateway_of(request), client_of(request)
    if gateway.is_draining:
        raise draining()
    upload, facts = await read_picture(gateway, request, fields_of(request.scope))
    try:
        sha256, picture = upload.sha256, AtHand(upload.read, facts)
        milliseconds = gateway.settings.asset_seconds * 1000
        kept = await keep(
            gateway,
            client,
            {sha256: upload.pointer},
            {sha256: picture},
            milliseconds=milliseconds,
            is_submit=True,
        )
    finally:
        upload.close()
    asset, _ = await _find(gateway, client, sha256)
    headers = asset_headers(gateway.keyring.limits_of(client), kept)
    status = 201 if kept.states == ("new",) else 200
    return _json(asset_view(asset), status, {"location": _url(sha256), **headers})


@router.get(
    "",
    operation_id="list_assets",
    summary="Your pictures, newest first",
    responses=documented.list_responses(),
)
async def list_assets(
    request: Request,
    cursor: Annotated[str, cursor_query(_CURSOR.pattern)] = "",
    limit: Annotated[int, Query(description="Pictures per page.", ge=1, le=100)] = 50,
) -> Response:
    """Return a page of the caller's pictures, those that came with requests too."""
    require_known(request.scope, ("cursor", "limit"))
    if cursor and not _CURSOR.fullmatch(cursor):
        raise wrong_parameter("cursor", cursor, "take it from the page before")
    call = assets.list_assets(client_of(request), cursor=cursor, limit=limit)
    page = await gateway_of(request).ask(call)
    body = {"assets": [asset_view(asset) for asset in page.assets], "cursor": page.cursor or None}
    return _json(body, 200)


@router.get(
    "/{sha256}",
    operation_id="get_asset",
    summary="One picture",
    responses=documented.get_responses(),
    openapi_extra=documented.GET_EXTRA,
)
async def get_asset(request: Request, sha256: Sha256Path) -> Response:
    """Return the picture, byte for byte as it was sent, or the part that `Range` asks for."""
    gateway = gateway_of(request)
    asset, now = await _find(gateway, client_of(request), sha256)
    left = max(asset.expires_at - now, 0) // 1000 if asset.expires_at else _HELD_SECONDS
    facts = asset.facts
    file = StoredFile(
        asset_path(asset.sha256),
        facts.media_type,
        facts.bytes,
        asset.sha256,
        f"{asset.sha256[:16]}.{suffix_of(facts.media_type)}",
        left,
    )
    try:
        return await file_response(request, gateway, file)
    except FileNotFoundError:
        raise _missing(sha256) from None


@router.get(
    "/{sha256}/metadata",
    operation_id="get_asset_metadata",
    summary="What is known of a picture",
    responses=documented.metadata_responses(),
)
async def get_asset_metadata(request: Request, sha256: Sha256Path) -> Response:
    """Return its type, its size, and how long it stays."""
    asset, _ = await _find(gateway_of(request), client_of(request), sha256)
    return _json(asset_view(asset), 200)


@router.delete(
    "/{sha256}",
    operation_id="delete_asset",
    summary="Remove a picture",
    status_code=204,
    responses=documented.delete_responses(),
)
async def delete_asset(request: Request, sha256: Sha256Path) -> Response:
    """Remove the picture. Jobs that were submitted with it are still made."""
    if _SHA256.fullmatch(sha256):
        state = await gateway_of(request).ask(assets.delete_asset(client_of(request), sha256))
        if state == "found":
            return Response(status_code=204)
    raise _missing(sha256)


async def _find(gateway: Gateway, client: str, sha256: str) -> tuple[Asset, int]:
    """Return a client's picture, and the time.

    Raises:
        ProblemError: `no_such_asset` if it has no such one.
    """
    if _SHA256.fullmatch(sha256):
        found = await gateway.ask(assets.get_asset(client, sha256))
        if found.asset is not None:
            return found.asset, found.now
    raise _missing(sha256)


def _missing(sha256: str) -> ProblemError:
    return ProblemError("no_such_asset", f"You have no picture with sha256 {sha256[:64]!r} here")


def _url(sha256: str) -> str:
    return f"/v1/assets/{sha256}"


def asset_view(asset: Asset) -> dict[str, Any]:
    """Return an asset's members, ready for JSON (`AssetView`)."""
    facts = asset.facts
    return {
        "sha256": asset.sha256,
        "reference": f"asset:{asset.sha256}",
        "media_type": facts.media_type,
        "bytes": facts.bytes,
        "width": facts.width,
        "height": facts.height,
        "created_at": timestamp(asset.created_at),
        "expires_at": timestamp(asset.expires_at),
        "url": _url(asset.sha256),
    }


def _json(body: Any, status: int, headers: Mapping[str, str] = NO_HEADERS) -> Response:
    headers = {"cache-control": "no-store", **headers}
    return Response(orjson.dumps(body), status, headers, "application/json")
