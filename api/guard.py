"""Who may speak to a gateway without keys, and the headers that every answer carries.

Loopback is no border: a page in a browser on this machine can post to it, under its own name (a
cross-site request) or under ours (DNS rebinding). So `Host` must be one of ours, and whatever is
not a plain read must not come from another origin.
"""

import random

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import SECURITY_HEADERS, ProblemError, respond

_READS = frozenset({"GET", "HEAD"})
_MAX_ID_BYTES = 128
_ID_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:")
_ALWAYS = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]


class Guard:
    """Middleware that refuses foreign hosts and origins, and marks every answer."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        """`hosts` are the names that `Host` may carry, without port; `*` allows all."""
        self._app = app
        self._hosts = {name.encode() for name in hosts}
        self._any_host = "*" in hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        host, origin, site, request_id = _marks(scope)
        scope["state"]["request_id"] = request_id.decode()
        added = [*_ALWAYS, (b"x-request-id", request_id)]

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *added]
            await send(message)

        refusal = self._refusal(scope["method"], host, origin, site)
        if refusal is None:
            await self._app(scope, receive, marked)
        else:
            await respond(refusal, scope)(scope, receive, marked)

    def _refusal(
        self, method: str, host: bytes, origin: bytes | None, site: bytes
    ) -> ProblemError | None:
        if not self._any_host and _name_of(host) not in self._hosts:
            detail = (
                f"Host {host[:100].decode('latin-1')!r} is not served here; "
                "list it in GENART_ALLOWED_HOSTS if it is yours"
            )
            return ProblemError("forbidden_host", detail)
        if method in _READS:
            return None
        is_foreign = origin is not None and origin.partition(b"://")[2] != host
        if is_foreign or site == b"cross-site":
            shown = (origin or b"unknown")[:100].decode("latin-1")
            detail = f"Origin {shown!r} may read here but not change anything"
            return ProblemError("forbidden_origin", detail)
        return None


def _marks(scope: Scope) -> tuple[bytes, bytes | None, bytes, bytes]:
    """Return `Host`, `Origin`, `Sec-Fetch-Site` and the request's id, all in one pass.

    Two `Host` fields are as good as none.
    """
    hosts, origin, site, request_id = [], None, b"", b""
    for name, value in scope["headers"]:
        if name == b"host":
            hosts.append(value.lower())
        elif name == b"origin":
            origin = value.lower()
        elif name == b"sec-fetch-site":
            site = value.lower()
        elif name == b"x-request-id":
            request_id = value
    if not 0 < len(request_id) <= _MAX_ID_BYTES or not _ID_BYTES.issuperset(request_id):
        request_id = b"%016x" % random.getrandbits(64)
    return hosts[0] if len(hosts) == 1 else b"", origin, site, request_id


def _name_of(host: bytes) -> bytes:
    """Return a host without its port; `[::1]:8000` keeps its brackets."""
    if host.startswith(b"["):
        return host[: host.find(b"]") + 1]
    return host.partition(b":")[0]
