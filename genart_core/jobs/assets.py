"""Pictures that callers sent: whose they are and how long they stay.

The file of a picture is stored once, under its sha256 (`blobs`). Whoever sent it has a record of it
and can name it; to all others there is no such picture, though its file be there.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple, cast

from genart_core.jobs.store import Call, text_of


@dataclass(frozen=True, slots=True)
class AssetFacts:
    """What a picture's header says of it. `width` and `height` are in pixels, as shown."""

    media_type: str
    bytes: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Asset:
    """One client's picture. Times are milliseconds since 1970 by Redis' clock.

    `expires_at` is 0 while a job that may still run names it.
    """

    sha256: str
    facts: AssetFacts
    created_at: int
    expires_at: int


Keeping = Literal["new", "known", "unknown", "leaving"]


class Kept(NamedTuple):
    """What became of pictures, or which limit was in the way: then none is kept that was not.

    `bytes` are those of all that the client has kept. `submits_left` and `wait_ms` are as in
    `caller.Usage`.
    """

    outcome: Literal["ok", "bytes", "submits"]
    states: tuple[Keeping, ...]
    bytes: int
    submits_left: int
    wait_ms: int


def keep_assets(
    client: str,
    assets: Mapping[str, AssetFacts | None],
    milliseconds: int,
    *,
    max_bytes: int = 0,
    submits_per_minute: int = 0,
) -> Call[Kept]:
    """Keep a client's pictures for so long, and while a job that may still run names them.

    `assets` maps each sha256 to the facts of bytes that are at hand, or to None: then it is
    `unknown` unless it is this client's. A file that is just being removed is `leaving`; ask again
    soon. Keep a picture before writing its file, so that none is left that nobody knows of.

    With `max_bytes` the client's pictures may have no more together; with `submits_per_minute` this
    counts as one of so many submits. 0 is no bound.
    """
    flat: list[str | int] = []
    for sha256, facts in assets.items():
        told = (facts.bytes, json.dumps(asdict(facts))) if facts else (0, "")
        flat += [sha256, *told]
    return Call(
        "keep_assets",
        (client, milliseconds, max_bytes, submits_per_minute, *flat),
        lambda reply: Kept(
            text_of(reply[0]), tuple(cast(Keeping, text_of(one)) for one in reply[1]), *reply[2:]
        ),
    )


class FoundAsset(NamedTuple):
    """A picture, None if the client has no such one, and the time of the answer."""

    asset: Asset | None
    now: int


def get_asset(client: str, sha256: str) -> Call[FoundAsset]:
    """Read what is known of one of a client's pictures."""
    return Call(
        "get_asset",
        (client, sha256),
        lambda reply: FoundAsset(_asset(reply[1]) if len(reply) > 1 else None, reply[0]),
    )


class AssetPage(NamedTuple):
    """Pictures, newest first, and the cursor of the next page ("" = this is the last)."""

    assets: tuple[Asset, ...]
    cursor: str


def list_assets(client: str, *, cursor: str = "", limit: int = 50) -> Call[AssetPage]:
    """Read a page of a client's pictures."""
    return Call(
        "list_assets",
        (client, cursor, limit),
        lambda reply: AssetPage(tuple(map(_asset, reply[1])), text_of(reply[2])),
    )


def delete_asset(client: str, sha256: str) -> Call[Literal["found", "missing"]]:
    """Remove one of a client's pictures; jobs that were submitted with it still have it."""
    return Call("delete_asset", (client, sha256), text_of)


def _asset(view: Any) -> Asset:
    sha256, facts, created_at, expires_at = view
    return Asset(text_of(sha256), AssetFacts(**json.loads(facts)), created_at, expires_at)
