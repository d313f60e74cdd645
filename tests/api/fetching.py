"""Who fetches pictures from a machine that plays the outside."""

from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from api.outgoing.addresses import Address
from api.outgoing.fetch import Fetcher
from tests.support.outside import Outside, trusting
from tests.support.studio import MAX_IMAGE_BYTES, picture

PICTURE = picture(shade=40)
HERE = ip_address("127.0.0.1")


def resolving(*addresses: str) -> Callable[[str, int], Awaitable[Sequence[Address]]]:
    async def resolve(host: str, port: int) -> Sequence[Address]:
        return [ip_address(address) for address in addresses]

    return resolve


def is_here(address: Address) -> bool:
    """Allow the machine that plays the outside."""
    return address == HERE


def fetcher_for(outside: Outside, certificate: tuple[Path, Path], **options: Any) -> Fetcher:
    usual: dict[str, Any] = {
        "max_bytes": MAX_IMAGE_BYTES,
        "context": trusting(certificate[0]),
        "resolve": resolving("127.0.0.1"),
        "allow": is_here,
        "ports": frozenset({outside.port, 443}),
    }
    return Fetcher(**usual | options)
