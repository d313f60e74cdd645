"""Keeping pictures for a client: each is noted in the job store first, then its file is stored."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from api.dependencies import Gateway
from api.http.errors import ProblemError
from api.http.validation import shown
from api.incoming.uploads import wrong_picture
from api.submitting.quota import asset_refusal
from genart_core.jobs.assets import AssetFacts, Keeping, Kept, keep_assets
from genart_core.jobs.blobs import asset_path

log = logging.getLogger(__name__)

_LEAVING_SECONDS = 5.0
_PAUSE_SECONDS = 0.05
_RETRY_AFTER = {"retry-after": "2"}


@dataclass(frozen=True, slots=True)
class AtHand:
    """A picture whose bytes are here."""

    read: Callable[[], bytes]
    facts: AssetFacts


async def keep(
    gateway: Gateway,
    client: str,
    pointers: Mapping[str, str],
    at_hand: Mapping[str, AtHand],
    *,
    milliseconds: int,
    is_submit: bool = False,
) -> Kept:
    """Keep pictures for so long and store those at hand; return what became of each.

    `pointers` says for each sha256 where in the request it came. If it `is_submit`, it counts among
    those that the client may make in a minute.

    Raises:
        ProblemError: `unknown_asset` if one is neither at hand nor this client's; `unknown_input`
            if what is to be read has gone; `files_unavailable`; what of the client's limits is in
            the way.
    """
    kept = await _note(gateway, client, pointers, at_hand, milliseconds, is_submit)
    for sha256, pointer in pointers.items():
        await _store(gateway, sha256, pointer, at_hand.get(sha256))
    return kept


async def _note(
    gateway: Gateway,
    client: str,
    pointers: Mapping[str, str],
    at_hand: Mapping[str, AtHand],
    milliseconds: int,
    is_submit: bool,
) -> Kept:
    """Have them kept from now on; one that is just being swept is waited for."""
    wanted = {sha: at_hand[sha].facts if sha in at_hand else None for sha in pointers}
    limits = gateway.keyring.limits_of(client)
    per_minute = limits.submits_per_minute if is_submit else 0
    first: dict[str, Keeping] = {}
    give_up = asyncio.get_running_loop().time() + _LEAVING_SECONDS
    while True:
        kept = await gateway.ask(
            keep_assets(
                client,
                wanted,
                milliseconds,
                max_bytes=limits.asset_bytes,
                submits_per_minute=per_minute,
            )
        )
        if kept.outcome != "ok":
            raise asset_refusal(
                limits, kept, sum(picture.facts.bytes for picture in at_hand.values())
            )
        per_minute = 0  # it has been paid for
        for (sha256, facts), state in zip(wanted.items(), kept.states, strict=True):
            if state == "unknown" or (state == "leaving" and facts is None):
                raise _unknown_asset(sha256, pointers[sha256])
            if state != "leaving":
                first.setdefault(sha256, state)
        if "leaving" not in kept.states:
            return kept._replace(states=tuple(first[sha256] for sha256 in wanted))
        if asyncio.get_running_loop().time() > give_up:
            detail = "This very picture is just being removed; send it again"
            raise ProblemError("files_unavailable", detail, headers=_RETRY_AFTER)
        await asyncio.sleep(_PAUSE_SECONDS)


async def _store(gateway: Gateway, sha256: str, pointer: str, picture: AtHand | None) -> None:
    try:
        if picture is not None:
            await gateway.intake.run(_copy, gateway, sha256, picture.read)
        elif not await gateway.intake.run(gateway.blobs.has, asset_path(sha256)):
            raise _unknown_asset(sha256, pointer)
    except FileNotFoundError:
        raise unknown_input(pointer, "its file has been removed") from None
    except OSError as error:
        log.exception("asset %s can't be stored", sha256)
        detail = "The picture can't be stored at present"
        raise ProblemError("files_unavailable", detail, headers=_RETRY_AFTER) from error


def _copy(gateway: Gateway, sha256: str, read: Callable[[], bytes]) -> None:
    gateway.blobs.write_asset(sha256, read())


def unknown_input(pointer: str, why: str) -> ProblemError:
    """Return the problem of a picture that is named but isn't there."""
    return wrong_picture("unknown_input", pointer, why)


def _unknown_asset(sha256: str, pointer: str) -> ProblemError:
    why = f"you have no picture with sha256 {sha256} here; send it again"
    return wrong_picture("unknown_asset", pointer, why, got=shown(f"asset:{sha256}"))
