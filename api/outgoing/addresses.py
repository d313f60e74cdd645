"""Which addresses of the network the gateway may go to on a caller's behalf: public ones alone.

Everything else could be a machine behind our walls. A name may stand for several addresses, and an
address of one sort can carry another inside; what carries one is refused whole.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address

# IANA's special-purpose registries (RFC 6890), where Python's own list has changed over versions,
# and what is public by its number but answers only to machines of one cloud.
_REFUSED_V4 = tuple(
    map(
        IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
            *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24"),
            *("192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
            *("224.0.0.0/4", "240.0.0.0/4"),
            "168.63.129.16/32",  # Azure's own services to its machines
        ),
    )
)
_PUBLIC_V6 = IPv6Network("2000::/3")  # all that has been given out; no mapped, local, NAT64 one
_REFUSED_V6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # Teredo, ORCHID, benchmarks
            *("2001:db8::/32", "3fff::/20"),  # documentation
            "2002::/16",  # 6to4
            "2620:4f:8000::/48",  # AS112
        ),
    )
)


def is_public(address: Address) -> bool:
    """Whether an address is one that anybody on the internet could go to."""
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in network for network in _REFUSED_V4)
    if address not in _PUBLIC_V6 or address.scope_id is not None:
        return False
    return address.is_global and not any(address in network for network in _REFUSED_V6)


def parse_address(text: str) -> Address:
    """Return an address as the resolver wrote it."""
    return ip_address(text)
