"""Keeping pictures for a client: each is noted in the job store first, then its file is stored."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from api.dependencies import Gateway
from api.errors import ProblemError
from api.uploads import about
from api.validation import shown
from genart_core.jobs.assets import AssetFacts, Keeping, keep_assets
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
) -> dict[str, Keeping]:
    """Keep pictures for so long and store those at hand; return which of them the client had.

    `pointers` says for each sha256 where in the request it came.

    Raises:
        ProblemError: `unknown_asset` if one is neither at hand nor this client's; `unknown_input`
            if what is to be read has gone; `files_unavailable`.
    """
    known = await _note(gateway, client, pointers, at_hand, milliseconds)
    for sha256, pointer in pointers.items():
        await _store(gateway, sha256, pointer, at_hand.get(sha256))
    return known


async def _note(
    gateway: Gateway,
    client: str,
    pointers: Mapping[str, str],
    at_hand: Mapping[str, AtHand],
    milliseconds: int,
) -> dict[str, Keeping]:
    """Have them kept from now on; one that is just being swept is waited for."""
    wanted = {sha: at_hand[sha].facts if sha in at_hand else None for sha in pointers}
    first: dict[str, Keeping] = {}
    give_up = asyncio.get_running_loop().time() + _LEAVING_SECONDS
    while True:
        states = await gateway.ask(keep_assets(client, wanted, milliseconds))
        for (sha256, facts), state in zip(wanted.items(), states, strict=True):
            if state == "unknown" or (state == "leaving" and facts is None):
                raise _unknown_asset(sha256, pointers[sha256])
            if state != "leaving":
                first.setdefault(sha256, state)
        if "leaving" not in states:
            return first
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
    complaint = {"pointer": pointer, "detail": why}
    return ProblemError("unknown_input", about(pointer, why), errors=[complaint])


def _unknown_asset(sha256: str, pointer: str) -> ProblemError:
    detail = about(pointer, f"you have no picture with sha256 {sha256} here; send it again")
    complaint = {"pointer": pointer, "detail": detail, "got": shown(f"asset:{sha256}")}
    return ProblemError("unknown_asset", detail, errors=[complaint])
