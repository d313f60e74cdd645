"""Who may speak to the gateway, and the headers that every answer carries.

With keys, whoever has one, wherever it comes from: no page can make a browser send a key that it
doesn't have. Without keys, whoever reaches us; but loopback is no border: a page in a browser on
this machine can post to it, under its own name (a cross-site request) or under ours (DNS
rebinding). So `Host` must be one of ours then, and whatever is not a plain read must not come from
another origin, unless that is listed (`api.http.cors`).
"""

from collections.abc import Sequence
from typing import NamedTuple

from redis.exceptions import RedisError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.auth import Keyring, bearer_of, is_open, key_required
from api.http.correlation import new_request_id, note_origin
from api.http.cors import Cors, preflight_answer
from api.http.errors import SECURITY_HEADERS, ProblemError, respond, unavailable
from genart_core.tracing import checked_traceparent

_READS = frozenset({"GET", "HEAD"})
_MAX_ID_BYTES = 128
_ID_BYTES = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:")
_POLICY = b"content-security-policy"
_ALWAYS = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
_BUT_POLICY = [field for field in _ALWAYS if field[0] != _POLICY]


class Guard:
    """Middleware that says who is calling, refuses whom it must, and marks every answer."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str], origins: Sequence[str] = ()) -> None:
        """`hosts` are the names that `Host` may carry, without port; `*` allows all.

        `origins` are those of pages that may call.
        """
        self._app = app
        self._cors = Cors(origins)
        self._hosts = {name.encode() for name in hosts}
        self._any_host = "*" in hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        marks = _marks(scope)
        request_id = scope["state"]["request_id"] = marks.request_id.decode()
        trace = checked_traceparent(marks.traceparent) if marks.traceparent else ""
        note_origin(request_id, trace, scope["state"]["gateway"].tracing)
        said = self._cors.fields(marks.origin)

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message["headers"]
                # a page has a policy of its own
                always = _BUT_POLICY if any(name == _POLICY for name, _ in own) else _ALWAYS
                request_id = (b"x-request-id", marks.request_id)
                message["headers"] = [*own, *always, request_id, *said]
            await send(message)

        try:
            if marks.hosts != 1:
                _require_host(scope["http_version"], marks.hosts)
            if self._cors.is_preflight(scope["method"], marks.origin, scope["headers"]):
                await self._vet_preflight(scope, marks)
                await preflight_answer()(scope, receive, marked)
                return
            scope["state"]["client"] = await self._client(scope, marks)
        except ProblemError as refusal:
            await respond(refusal, scope)(scope, receive, marked)
        else:
            await self._app(scope, receive, marked)

    async def _vet_preflight(self, scope: Scope, marks: "_Marks") -> None:
        """Raise a `ProblemError` for a foreign host; no key comes with such a question."""
        keyring: Keyring = scope["state"]["gateway"].keyring
        try:
            if not await keyring.must_have_key():
                self._require_own(scope["method"], marks)
        except RedisError as error:
            raise unavailable() from error

    async def _client(self, scope: Scope, marks: "_Marks") -> str:
        """Return the client: its key, else its address.

        Raises:
            ProblemError: if it may not call.
        """
        keyring: Keyring = scope["state"]["gateway"].keyring
        try:
            if is_open(scope["path"]):
                if not keyring.needs_key:
                    self._require_own(scope["method"], marks)
            elif marks.key is not None:
                return (await keyring.find(marks.key)).client
            elif keyring.needs_key is not False and await keyring.must_have_key():
                raise key_required()
            else:
                self._require_own(scope["method"], marks)
        except RedisError as error:
            raise unavailable() from error
        peer = scope["client"]
        return peer[0] if peer and peer[0] else "local"

    def _require_own(self, method: str, marks: "_Marks") -> None:
        """Raise a `ProblemError` for a foreign host, or a foreign origin that does not read."""
        host, origin = marks.host, marks.origin
        if not self._any_host and _name_of(host) not in self._hosts:
            detail = (
                f"Host {host[:100].decode('latin-1')!r} is not served here; "
                "list it in GENART_ALLOWED_HOSTS if it is yours"
            )
            raise ProblemError("forbidden_host", detail)
        if method in _READS or self._cors.lists(origin):
            return
        is_foreign = origin is not None and origin.partition(b"://")[2] != host
        if is_foreign or marks.site == b"cross-site":
            shown = (origin or b"unknown")[:100].decode("latin-1")
            detail = f"Origin {shown!r} may read here but not change anything"
            raise ProblemError("forbidden_origin", detail)


def _require_host(version: str, hosts: int) -> None:
    """Raise a `ProblemError` unless it is a request of HTTP/1.0, which may have come without."""
    if hosts or version != "1.0":
        detail = f"A request of HTTP/{version} names one Host, this one {hosts or 'none'}"
        raise ProblemError("malformed_http", detail)


class _Marks(NamedTuple):
    """How many `Host` came, the one, and what else says who calls, from where and what for."""

    hosts: int
    host: bytes
    origin: bytes | None
    site: bytes
    request_id: bytes
    key: bytes | None
    traceparent: bytes


def _marks(scope: Scope) -> _Marks:
    """Read the fields in one pass. Two origins are foreign."""
    hosts, origin, site, request_id, traceparent = [], None, b"", b"", b""
    authorizations = []
    for name, value in scope["headers"]:
        if name == b"host":
            hosts.append(value.lower())
        elif name == b"origin":
            origin = value.lower() if origin is None else b""
        elif name == b"sec-fetch-site":
            site = value.lower()
        elif name == b"x-request-id":
            request_id = value
        elif name == b"traceparent":
            traceparent = value
        elif name == b"authorization":
            authorizations.append(value)
    if not 0 < len(request_id) <= _MAX_ID_BYTES or not _ID_BYTES.issuperset(request_id):
        request_id = new_request_id()
    host = hosts[0] if len(hosts) == 1 else b""
    key = bearer_of(authorizations)
    return _Marks(len(hosts), host, origin, site, request_id, key, traceparent)


def _name_of(host: bytes) -> bytes:
    """Return a host without its port; `[::1]:8000` keeps its brackets."""
    if host.startswith(b"["):
        return host[: host.find(b"]") + 1]
    return host.partition(b":")[0]
