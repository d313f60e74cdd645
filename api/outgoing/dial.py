"""Connections to the outside, made so that no caller can reach what only we can reach (SSRF).

1. https alone, on its own port, without credentials in the address.
2. The host's name is resolved once. Every address that it has must be public, else none is used.
3. The connection goes to such an address, not to the name, which may mean another one by then; the
   name is still what the certificate must be for, and what `Host` says.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from api.outgoing.addresses import Address, is_public, parse_address

log = logging.getLogger(__name__)

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[Address]]]
Allow: TypeAlias = Callable[[Address], bool]
Stream: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]

HTTP_PORT, HTTPS_PORT = 80, 443
_READ_BYTES = 64 * 1024
_ADDRESSES = 3  # of a name that are tried
_RESOLVERS = 4  # threads: a name server that doesn't answer holds up no more than these


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart; `path` has the query."""

    host: str
    port: int
    path: str
    is_secure: bool = True

    @property
    def authority(self) -> str:
        """What `Host` says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = HTTPS_PORT if self.is_secure else HTTP_PORT
        return host if self.port == usual else f"{host}:{self.port}"


class NotReachedError(Exception):
    """Raised inside for what is not gone to, in words for the caller."""


class Dialer:
    """Connects to where callers want us to go, if we may."""

    def __init__(
        self,
        *,
        context: ssl.SSLContext | None = None,
        resolve: Resolve | None = None,
        allow: Allow = is_public,
    ) -> None:
        """`allow` is asked for each address of a host."""
        self._threads = ThreadPoolExecutor(_RESOLVERS, thread_name_prefix="resolver")
        self._context = context or ssl.create_default_context()
        self._resolve = resolve or self._ask_resolver
        self._allow = allow

    async def connect(self, target: Target) -> Stream:
        """Return a connection; it takes as long as it takes.

        Raises:
            NotReachedError: if there is none that we may have.
        """
        addresses = await self._addresses(target)
        for address in addresses[:_ADDRESSES]:
            try:
                return await asyncio.open_connection(
                    str(address),
                    target.port,
                    ssl=self._context if target.is_secure else None,
                    server_hostname=target.host if target.is_secure else None,
                    limit=_READ_BYTES,
                )
            except ssl.SSLError as error:
                log.info("connecting to %s: %s", target.host, error)
                raise NotReachedError("its host has no valid certificate for this name") from None
            except OSError:
                continue
        raise NotReachedError("its host doesn't answer")

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _addresses(self, target: Target) -> Sequence[Address]:
        try:
            addresses = await self._resolve(target.host, target.port)
        except (OSError, UnicodeError):
            raise NotReachedError("its host has no address") from None
        # what goes in the clear goes to this machine and nowhere else, whatever its name means
        is_allowed = self._allow if target.is_secure else _is_loopback
        # one that isn't public among others is a trick, or a network that we have no business in
        if not addresses or not all(map(is_allowed, addresses)):
            log.warning("refused to go to %s: not public", target.host)
            raise NotReachedError("its host is not on the public internet")
        return addresses

    async def _ask_resolver(self, host: str, port: int) -> Sequence[Address]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        return [parse_address(str(place[0])) for *_, place in found]


def target_of(
    url: str,
    ports: frozenset[int] = frozenset({HTTPS_PORT}),
    *,
    plain_hosts: frozenset[str] = frozenset(),
) -> Target:
    """Take an address apart.

    `ports` are those that https may go to. Of `plain_hosts`, names of this machine, it may be http
    on any port.

    Raises:
        NotReachedError: if it is not of the sort that may be gone to.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise NotReachedError("it can't be read") from None
    is_plain_ascii = url.isascii() and url.isprintable() and " " not in url
    is_secure = parts.scheme == "https"
    is_ours = parts.scheme == "http" and host in plain_hosts
    if not (is_secure or is_ours) or not host or not is_plain_ascii:
        raise NotReachedError("it must be https://host/path, in ASCII")
    if parts.username is not None or parts.password is not None:
        raise NotReachedError("it has a name or password in it")
    if port is None:
        port = HTTPS_PORT if is_secure else HTTP_PORT
    if is_secure and port not in ports:
        raise NotReachedError("it names a port other than that of https")
    path = parts.path or "/"
    return Target(host, port, f"{path}?{parts.query}" if parts.query else path, is_secure)


def require_public(host: str) -> None:
    """Say early what `Dialer` would say of a host that is an address; a name is not asked.

    Raises:
        NotReachedError: if the address is not public.
    """
    try:
        address = parse_address(host)
    except ValueError:
        return
    if not is_public(address):
        raise NotReachedError("its host is not on the public internet")


def _is_loopback(address: Address) -> bool:
    return address.is_loopback
