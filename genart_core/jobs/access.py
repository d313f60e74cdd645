"""API keys: who may call, under which name, and how much.

A key is 200 random bits behind a prefix that secret scanners can look for. Only its SHA-256 is
kept. The slow, salted hashes are for passwords, which people choose and others can guess; among
2^200 keys there is nothing to guess, and a slow hash would cost every request what it costs a
thief. A digest is looked up in a table: what the time of that tells is about digests, from which no
key follows.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from typing import Any, NamedTuple

from genart_core.jobs.caller import Limits
from genart_core.jobs.store import Call, pairs_of, text_of

PREFIX = "genart_"
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32
_CHARACTERS = 40
_ID_CHARACTERS = 8


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key; `id` is no secret.

    Of its limits (see `caller.Limits`), None stands for what the settings say. `webhook_secrets`,
    newest first, sign what its receivers are told; without any, those of the settings do.
    """

    id: str
    name: str
    created_at: int
    weight: float = 1.0
    submits_per_minute: int | None = None
    active_jobs: int | None = None
    queue_bytes: int | None = None
    asset_bytes: int | None = None
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def client(self) -> str:
        """The client whose jobs are those of this key; no address is spelled like it."""
        return f"key-{self.id}"

    def limits(self, base: Limits) -> Limits:
        """Return what this key may do where everybody else may do `base`."""
        own = {
            "active_per_client": self.active_jobs,
            "bytes_per_client": self.queue_bytes,
            "submits_per_minute": self.submits_per_minute,
            "weight": self.weight,
            "asset_bytes": self.asset_bytes,
        }
        said = {name: limit for name, limit in own.items() if limit is not None}
        return replace(base, **said)  # type: ignore[arg-type]  # each of its field's type


def new_key() -> str:
    """Return a fresh key, which is shown to its holder and kept nowhere."""
    return PREFIX + _drawn(_CHARACTERS)


def new_key_id() -> str:
    """Return a fresh id."""
    return _drawn(_ID_CHARACTERS)


def is_key(text: str) -> bool:
    """Whether this has the form of a key."""
    drawn = text.removeprefix(PREFIX)
    return text == PREFIX + drawn and len(drawn) == _CHARACTERS and not {*drawn} - {*_ALPHABET}


def digest_of(key: bytes) -> str:
    """Return under which name a key is kept."""
    return sha256(key).hexdigest()


class Keys(NamedTuple):
    """The keys by digest as of a version; None if the version is the one that was at hand.

    The version is "" as long as no key was ever made.
    """

    version: str
    keys: Mapping[str, Key] | None


def create_key(digest: str, key: Key) -> Call[str]:
    """Keep a key."""
    return Call("create_key", (digest, json.dumps(asdict(key))), text_of)


def create_first_key(digest: str, key: Key) -> Call[bool]:
    """Keep a key, unless another was ever made; False then."""
    return _keep_if("first", digest, key)


def change_key(digest: str, key: Key) -> Call[bool]:
    """Keep what has changed about a key, unless it was revoked meanwhile; False then."""
    return _keep_if("changed", digest, key)


def revoke_key(digest: str) -> Call[bool]:
    """Forget a key; False if there was none."""
    return Call("revoke_key", (digest,), bool)


def read_keys(known_version: str = "-") -> Call[Keys]:
    """Read all keys, unless they are those of the version at hand."""

    def decode(reply: Any) -> Keys:
        if len(reply) == 1:
            return Keys(text_of(reply[0]), None)
        found = pairs_of(reply[1]).items()
        return Keys(text_of(reply[0]), {text_of(digest): _key(facts) for digest, facts in found})

    return Call("read_keys", (known_version,), decode)


def _keep_if(case: str, digest: str, key: Key) -> Call[bool]:
    facts = json.dumps(asdict(key))
    return Call("create_key", (digest, facts, case), lambda reply: text_of(reply) == "ok")


def _key(facts: bytes) -> Key:
    known = json.loads(facts)
    known["webhook_secrets"] = tuple(known.get("webhook_secrets", ()))
    return Key(**known)


def _drawn(characters: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(characters))
