"""Who is calling: the keys as this process knows them, and what may be asked for without one.

The keys are held in memory and read again, if they have changed, twice a second; so recognising a
caller costs a hash and no question to Redis, and a revoked key is refused everywhere within a
second. A key that isn't known is looked for once more before it is refused: it may be new.
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence

from redis.exceptions import RedisError

from api.engine.redis_line import RedisLine
from api.engine.wakeups import Wakeups
from api.http.errors import ProblemError
from api.outgoing.webhook_signature import parse_secret
from api.settings import ApiSettings
from genart_core.jobs.access import Key, digest_of, read_keys
from genart_core.jobs.caller import Limits

log = logging.getLogger(__name__)

OPEN_PATHS = frozenset({"/", "/livez", "/readyz", "/openapi.json"})
OPEN_FOLDERS = ("/problems/", "/studio/")
REFRESH_SECONDS = 0.5
_SCHEME = b"bearer "


def is_open(path: str) -> bool:
    """Whether an address is for everybody: health, the document, what problems mean, the page.

    `/metrics` and `/v1/models` are not: they tell how busy the service is and what it has.
    """
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDERS)


def bearer_of(authorizations: Sequence[bytes]) -> bytes | None:
    """Return the key that came (RFC 6750), None if none did; other schemes are not ours.

    Two of them are as good as a wrong one.
    """
    keys = [value[len(_SCHEME) :].strip() for value in authorizations if _is_bearer(value)]
    return b"" if len(keys) > 1 else next(iter(keys), None)


class Keyring:
    """The keys, and whether one is needed."""

    def __init__(
        self, redis: RedisLine, settings: ApiSettings, wakeups: Wakeups, limits: Limits
    ) -> None:
        """`limits` are those of callers without a key, and of keys without limits of their own."""
        self._redis = redis
        self._base = limits
        self._fixed = settings.needs_key
        self._wakeups = wakeups
        self._keys: Mapping[str, Key] = {}
        self._limits: Mapping[str, Limits] = {}  # by client
        self._secrets: Mapping[str, tuple[bytes, ...]] = {}  # likewise
        self._version: str | None = None  # None: not read yet
        self._read_at = 0.0
        self._lock = asyncio.Lock()

    async def keep_fresh(self) -> None:
        """Read again and again until canceled; while Redis is away, what was read stands."""
        while True:
            try:
                await self.refresh()
            except RedisError as error:
                log.info("the keys can't be read: %s", error)
            await asyncio.sleep(REFRESH_SECONDS)

    async def refresh(self) -> None:
        """Return when what is known is no older than this call.

        Raises:
            RedisError: if Redis doesn't answer.
        """
        asked_at = time.monotonic()
        async with self._lock:
            if self._read_at >= asked_at:
                return  # for somebody who came in the meantime
            read_at = time.monotonic()
            version = "-" if self._version is None else self._version
            found = await self._redis.send(read_keys(version))
            self._version, self._read_at = found.version, read_at
            if found.keys is not None:
                self._take(found.keys)

    async def find(self, key: bytes) -> Key:
        """Return the key that was presented.

        Raises:
            ProblemError: `invalid_key`.
            RedisError: if it isn't known and Redis doesn't answer.
        """
        digest = digest_of(key)
        known = self._keys.get(digest)
        if known is None:
            await self.refresh()
            known = self._keys.get(digest)
        if known is None:
            detail = "This key is unknown or was revoked"
            raise ProblemError("invalid_key", detail, headers=_challenge('error="invalid_token"'))
        return known

    @property
    def needs_key(self) -> bool | None:
        """Whether a caller must have a key; None as long as Redis has not been asked for it."""
        if self._fixed is not None:
            return self._fixed
        # also when all were revoked: that must not open the door to everybody
        return None if self._version is None else self._version != ""

    async def must_have_key(self) -> bool:
        """Return `needs_key` once it is known.

        Raises:
            RedisError: if Redis doesn't answer.
        """
        if self.needs_key is None:
            await self.refresh()
        return bool(self.needs_key)

    def admits(self, client: str) -> bool:
        """Whether a client that was let in before still would be."""
        return client in self._limits if client.startswith("key-") else not self.needs_key

    def limits_of(self, client: str) -> Limits:
        """Return what a client may do."""
        return self._limits.get(client, self._base)

    def webhook_keys_of(self, client: str) -> tuple[bytes, ...]:
        """Return what signs the webhooks of a client that has secrets of its own."""
        return self._secrets.get(client, ())

    def _take(self, keys: Mapping[str, Key]) -> None:
        self._keys = keys
        self._secrets = {
            key.client: tuple(map(parse_secret, key.webhook_secrets)) for key in keys.values()
        }
        self._limits = {key.client: key.limits(self._base) for key in keys.values()}
        self._wakeups.wake_all()  # those who follow a job may have to go


def key_required() -> ProblemError:
    """Return the problem of a caller without a key."""
    detail = "Send your key as `Authorization: Bearer genart_…`; `genart keys create` makes one"
    return ProblemError("key_required", detail, headers=_challenge())


def _challenge(*parameters: str) -> dict[str, str]:
    return {"www-authenticate": ", ".join(('Bearer realm="genart"', *parameters))}


def _is_bearer(value: bytes) -> bool:
    return value[: len(_SCHEME)].lower() == _SCHEME or value.lower() == _SCHEME.strip()
